"""How the interpreter is set: all tests share one, so what one sets is set back."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interpreter_set_back() -> Iterator[None]:
    """Let garbage collection and the switch interval be set inside, and set them back."""
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        gc.enable()
        sys.setswitchinterval(interval)
