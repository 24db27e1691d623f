"""Trains one contender of `tasks.bench race`, a turn for each line it reads. Imports JAX."""

import json
import sys
from dataclasses import asdict

from tasks.race_contender import Case, Contender
from tasks.race_ours import Aligned, Exact
from tasks.race_peer import Peer


def contender(case: Case) -> Contender:
    """The contender that a case names."""
    known = {"exact": Exact, "aligned": Aligned}
    return known.get(case.contender, Peer)(case)


def main() -> None:
    """Answers each line "turn" with the points of a turn, in JSON."""
    given = json.loads(sys.argv[1])
    racer = contender(Case(**{**given, "sizes": tuple(given["sizes"])}))
    for _ in sys.stdin:
        points = [asdict(point) for point in racer.turn()]
        sys.stdout.write(json.dumps({"points": points, "over": racer.over}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
