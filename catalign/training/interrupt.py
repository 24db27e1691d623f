"""Turns the signals that ask a process to stop into a flag, read where it can stop cleanly."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class InterruptFlag:
    """Within it, the first SIGTERM or Ctrl-C sets a flag, and a second one acts as outside.

    Outside of the main thread, where Python allows no handlers, it never sets.

    Attributes:
      signum: The signal that came, or None.

    Example:
      >>> with InterruptFlag() as flag:
      ...     signal.raise_signal(signal.SIGTERM)
      ...     flag.signum.name
      'SIGTERM'
    """

    def __init__(self) -> None:
        self.signum: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "InterruptFlag":
        if threading.current_thread() is threading.main_thread():
            for signum in _SIGNALS:
                self._previous[signum] = signal.signal(signum, self._set)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_back()

    def _set(self, signum: int, frame: FrameType | None) -> None:
        self.signum = signal.Signals(signum)
        self._give_back()

    def _give_back(self) -> None:
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)
        self._previous = {}
