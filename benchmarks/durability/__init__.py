"""What durability costs: the journal, runs from question to answer, idle readers, takeovers, a second worker."""
