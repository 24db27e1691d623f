"""Signals become a flag, once."""

import signal
import threading

import pytest

from catalign.training.interrupt import InterruptFlag


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_sets_the_flag(signum: signal.Signals) -> None:
    before = signal.getsignal(signum)
    with InterruptFlag() as flag:
        assert flag.signum is None
        signal.raise_signal(signum)
        assert flag.signum is signum
        # A second one acts as outside.
        assert signal.getsignal(signum) is before
    assert signal.getsignal(signum) is before


def test_a_second_ctrl_c_stops_at_once() -> None:
    with InterruptFlag():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_outside_of_the_main_thread_it_does_nothing() -> None:
    seen = []

    def work() -> None:
        with InterruptFlag() as flag:
            seen.append(flag.signum)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]
