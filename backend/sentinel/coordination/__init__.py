"""What the processes of one database share: woken readers, votes on circuits, holds, acts of operators, the queue."""
