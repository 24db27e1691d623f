"""Learns an algorithm from its traces: one rule a field, the simplest ones first."""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catalign.algorithms.spec import Kind, Location, Spec
from catalign.nn.discrete.explanation import describe_tree
from catalign.nn.discrete.program import Program, fixed, fixed_fields
from catalign.nn.discrete.rule import Constantly, Leaf, Rule, Tree, expressions
from catalign.nn.discrete.selection import Select
from catalign.nn.discrete.signature import Field, Memory, Signature, field_of, memories, primed
from catalign.nn.discrete.view import View
from catalign.training.discrete.candidates import Task, problem
from catalign.training.discrete.coverage import cell_counts
from catalign.training.discrete.markov import needed
from catalign.training.discrete.rows import TOLERANCE, Places, Rows, all_rows
from catalign.training.discrete.transitions import BATCH, HALT, Pool
from catalign.training.discrete.tree import Problem, fit_tree

STAGES = ((1, 9.0), (2, 9.0), (2, 18.0), (3, 18.0), (2, 36.0), (3, 36.0), (3, 72.0))
"""Tiers of the catalogue and limits of the cost, in the order they are tried for all fields."""
LAST = 3
"""The largest tier."""
SHORT = 5
"""How many stages come before memory that no test asks for is tried."""
ROWS = 1500
"""How many receivers a rule is first fitted to."""
SAMPLE = (300, 300, 100)
"""How many states a size a rule is fitted to, by the rank of its field."""
CHECK = (4000, 4000, 400)
"""How many states a size a rule is checked on."""
RARE = 8
"""Of each kind of step, which is which hints it changes, a sample of states holds one in so many of
its size at least, if there are that many."""
PROBLEMS = 12
"""How many problems are kept, to be tried again with a larger limit."""
HARD = (60, 60, 20)
"""How many states of a size where a rule failed are added, by the rank of its field."""
ROUNDS = 7
"""How many times a rule is refitted with the states where it failed."""


HALTS = Field(HALT, Kind.MASK, Location.GRAPH, 2)
NEVER = Leaf(Constantly(0, True))


@dataclass
class Source:
    """States that some rules are fitted to and checked on.

    Attributes:
      name: What the states are: steps, ends and such.
      fitted: Views by rank of the field.
      checked: Larger views by rank, where a rule must not fail.
      hard: States where an earlier rule failed.
    """

    name: str
    fitted: dict[int, list[View]]
    checked: dict[int, list[View]]
    hard: dict[int, list[View]] = field(default_factory=lambda: {0: [], 1: [], 2: []})


def rare(kinds: np.ndarray, chosen: np.ndarray, rest: np.ndarray, size: int) -> np.ndarray:
    """Those of the rest that are needed for each kind to be there."""
    known, count = np.unique(kinds[chosen], return_counts=True)
    have = dict(zip(known.tolist(), count.tolist(), strict=True))
    more = []
    for kind in np.unique(kinds[rest]).tolist():
        missing = max(0, size // RARE - have.get(kind, 0))
        more.append(rest[kinds[rest] == kind][:missing])
    return np.concatenate([*more, np.zeros(0, int)])


def merged(views: Sequence[View]) -> list[View]:
    """The states of some views, those of one size as one view."""
    sizes = sorted({v.n for v in views})
    groups = [[v for v in views if v.n == n] for n in sizes]
    return [
        View(np, {k: np.concatenate([v.fields[k] for v in g]) for k in g[0].fields}, n)
        for n, g in zip(sizes, groups, strict=True)
    ]


@dataclass(frozen=True)
class Attempt:
    """What came of a fit: a tree, or why there is none, in a word and for a reader."""

    tree: Tree | None
    problem: str
    clashes: int = 0
    reason: str = ""


@dataclass
class Learned:
    """Rules for some fields, and the fields without a rule, with the last attempt at each."""

    rules: list[Rule]
    missing: list[Field]
    attempts: dict[str, Attempt] = field(default_factory=dict)

    def lacks(self, part: str) -> list[str]:
        """What is missing in a part of the program, and why."""
        return [f"{part}: {f.name} ({self.attempts[f.name].reason})" for f in self.missing]

    @property
    def is_undecided(self) -> bool:
        """Whether a search was given up, where no contradiction shows that there is no rule."""
        return any(not self.attempts[f.name].clashes for f in self.missing)


class Learner:
    """Learns a program from pools of traces.

    Once it has, `covered` says how many examples, of those that rules were fitted to and checked
    on, come to each cell.

    Args:
      spec: The probes.
      pools: Traces of several sizes, with all memory fields.
      seed: Which states are looked at first.
      log: Told of each attempt.
      on_rule: Told of each rule.
      kept: A program for fewer traces: its rules are kept where they hold.
    """

    def __init__(
        self,
        spec: Spec,
        pools: Sequence[Pool],
        *,
        seed: int,
        log: Callable[[str], None],
        on_rule: Callable[[str], None],
        kept: Program | None = None,
    ) -> None:
        self.spec, self.pools, self.log, self.on_rule = spec, pools, log, on_rule
        self.rng = np.random.default_rng(seed)
        self.inputs = [field_of(p) for p in spec.inputs]
        self.hints = [field_of(p) for p in spec.hints]
        self.known: list[Select] = []
        self.rules: list[Rule] = []
        self.problems: dict[Hashable, Problem] = {}
        self.kept: dict[str, list[Rule]] = {}
        self.memory: list[Memory] | None = None
        self.covered: dict[str, int] = {}
        if kept is not None:
            halt = [Rule(HALTS, kept.halt)]
            parts = {"steps": kept.step, "states": halt, "ends": kept.outputs, "starts": kept.first}
            self.kept = {name: list(rules) for name, rules in parts.items()}
            self.memory = list(kept.memory)

    def source(
        self,
        name: str,
        indices: Callable[[Pool], np.ndarray],
        view: Callable[..., View],
        kinds: Callable[[Pool, np.ndarray], np.ndarray] = lambda _, at: np.zeros(len(at), int),
    ) -> Source:
        """A source of states; of each kind there are some."""

        def take(sizes: tuple[int, ...], rank: int) -> list[View]:
            views = []
            for number, p in enumerate(self.pools):
                at = indices(p)
                if not len(at):
                    continue
                if len(at) > sizes[rank]:
                    mixed = self.rng.permutation(len(at))
                    chosen, rest = mixed[: sizes[rank]], mixed[sizes[rank] :]
                    at = at[np.concatenate([chosen, rare(kinds(p, at), chosen, rest, sizes[rank])])]
                views.append(view(p, at))
                views[-1].put(BATCH, np.full(len(at), number))
            return views

        fitted = {r: take(SAMPLE, r) for r in (0, 2)}
        checked = {r: take(CHECK, r) for r in (0, 2)}
        return Source(name, {**fitted, 1: fitted[0]}, {**checked, 1: checked[0]})

    def learn(self) -> tuple[Program | None, list[str]]:
        """The program, or none and the fields without a rule, with the reason for each."""
        steps = self.source("steps", lambda p: p.steps, lambda p, at: p.view(at), Pool.kinds)
        memory, step = self.learn_step(steps)
        if step.missing:
            return None, step.lacks("step")
        remembered = [m.field for m in memory]
        stepper = Program("", self.spec, tuple(memory), (), tuple(step.rules), NEVER, ())
        states = self.source("states", lambda p: p.states, lambda p, at: self.state(stepper, p, at))
        available = [*self.inputs, *self.hints, *remembered, *fixed_fields(self.spec)]
        halt = self.fit_all(states, [(HALTS, None)], available)
        ends = self.source(
            "ends", lambda p: np.arange(len(p.lengths)), lambda p, at: self.end(stepper, p, at)
        )
        available = [*self.inputs, *self.hints, *remembered, *(f.next for f in self.hints)]
        outputs = self.fit_all(
            ends, [(field_of(p).next, None) for p in self.spec.outputs], available
        )
        starts = self.source(
            "starts", lambda p: np.arange(len(p.lengths)), lambda p, at: p.starts(at)
        )
        first = self.fit_all(starts, [(f.next, None) for f in self.hints], self.inputs)
        if missing := [*halt.lacks("halt"), *outputs.lacks("outputs")]:
            return None, missing
        for source, part, name in (
            (starts, first, "first {}"),
            (steps, step, "{}"),
            (states, halt, "the end"),
            (ends, outputs, "output {}"),
        ):
            for rule in part.rules:
                called = name.format(rule.field.name.removesuffix("'"))
                rank = rule.field.rank
                views = [*source.fitted[rank], *source.checked[rank]]
                self.covered |= cell_counts(called, rule, views)
        parts = [part.rules for part in (step, halt, outputs)]
        used = reads(*(rule.tree for rules in parts for rule in rules))
        program = Program(
            "",
            self.spec,
            tuple(m for m in memory if m.field.name in used),
            tuple(first.rules),
            tuple(step.rules),
            halt.rules[0].tree,
            tuple(outputs.rules),
        )
        return program, []

    def learn_step(self, source: Source) -> tuple[list[Memory], Learned]:
        """The step rules, with as little memory as they need."""
        memory = self.memory or needed(self.spec, self.pools, memories(self.spec))
        for m in memory:
            self.on_rule(f"memory: {m.field.name}")
        targets = [(f.next, f) for f in self.hints]
        base = [*self.inputs, *self.hints]
        learned = Learned([], [f for f, _ in targets])

        def go_on(start: int, stop: int) -> Learned:
            rest = [(f, self.old(f)) for f in learned.missing]
            available = [*base, *(m.field for m in memory)]
            return self.fit_all(source, rest, available, start, stop, learned.rules)

        learned = go_on(0, SHORT)
        # A bit of memory that makes a rule short comes before a long rule without it.
        tries = [True, False, False] if not memory else [False, False]
        for must_fit in tries:
            if not must_fit:
                learned = go_on(SHORT, len(STAGES))
                if learned.is_undecided:
                    # What is too long at some rows may be found at others.
                    self.problems.clear()
                    learned = go_on(SHORT, len(STAGES))
            if not learned.missing or len(memory) == 2:
                break
            available = [*base, *(m.field for m in memory)]
            best = self.best_memory(source, learned, available, memory, must_fit)
            if best is None:
                continue
            memory.append(best)
            self.on_rule(f"memory: {best.field.name}")
            self.log(f"memory: {best.field.name}")
            learned = go_on(0, SHORT)
        return memory, go_on(SHORT, len(STAGES)) if learned.missing else learned

    def state(self, stepper: Program, p: Pool, at: np.ndarray) -> View:
        """States, the last ones too, and whether the learned step changes them."""
        view = p.view(at)
        new = stepper.advance(np, view.fields, view.fields)
        for name, value in fixed(np, self.spec, view.fields, new).items():
            view.put(name, value)
        view.forget()
        return view

    def end(self, stepper: Program, p: Pool, b: np.ndarray) -> View:
        """Last states with their outputs, and what one more learned step makes of them."""
        view = p.ends(b)
        new = stepper.advance(np, view.fields, view.fields)
        for probe in self.spec.hints:
            view.put(primed(probe.name), new[probe.name])
        return view

    def old(self, f: Field) -> Field:
        """The field of the old value."""
        return replace(f, name=f.name.removesuffix("'"))

    def best_memory(
        self,
        source: Source,
        learned: Learned,
        available: list[Field],
        memory: list[Memory],
        must_fit: bool,
    ) -> Memory | None:
        """The memory with which a rule is shortest; or that which leaves the least unexplained."""
        target = min(learned.missing, key=lambda f: f.rank)
        scored, fitting = [], []
        next_values = [r.field for r in learned.rules]
        for m in memories(self.spec):
            if m in memory:
                continue
            fields = [*available, m.field, *next_values]
            a = self.fit(source, target, self.old(target), fields, 2, 36.0)
            self.log(f"  {target.name} with {m.field.name}: {a.problem}")
            if a.tree is not None and m.field.name in reads(a.tree):
                fitting.append((a.tree.cost, m))
            scored.append((a.clashes, m))
        if fitting or must_fit:
            return min(fitting, key=lambda s: s[0])[1] if fitting else None
        return min(scored, key=lambda s: s[0])[1] if scored else None

    def fit_all(
        self,
        source: Source,
        targets: Sequence[tuple[Field, Field | None]],
        available: Sequence[Field],
        start: int = 0,
        stop: int = len(STAGES),
        before: Sequence[Rule] = (),
    ) -> Learned:
        """Rules for some fields, in an order in which each reads those before it.

        It goes through the stages from `start` on. A rule that a large tier held may make the rest
        short, and a large tier is slow: from there it begins again with the first stage.
        """
        self.rules = rules = list(before)
        todo = sorted(targets, key=lambda t: t[0].rank)
        tried: set[tuple[str, int, float, int]] = set()
        hopeless: set[tuple[str, int, int]] = set()
        attempts: dict[str, tuple[int, Attempt]] = {}
        stage = start
        while todo and stage < stop:
            tier, limit = STAGES[stage]
            progress = False
            self.recall(source, todo, rules, available)
            for target, own in list(todo):
                key = (target.name, tier, limit, len(rules))
                if key in tried or (target.name, tier, len(rules)) in hopeless:
                    continue
                tried.add(key)
                began = time.time()
                fields = [*available, *(r.field for r in rules)]
                a = self.fit(source, target, own, fields, tier, limit)
                self.log(
                    f"{target.name} tier {tier} limit {limit:g}: {a.problem}, "
                    f"{time.time() - began:.1f} s"
                )
                if tier >= attempts.get(target.name, (0,))[0]:
                    attempts[target.name] = tier, a
                if a.clashes:
                    # What is read does not determine the field, however long the rule.
                    hopeless.add((target.name, tier, len(rules)))
                if a.tree is not None:
                    rules.append(Rule(target, a.tree))
                    text = "\n".join(describe_tree(a.tree, "    "))
                    self.log(f"  after {[r.field.name for r in rules[:-1]]}\n{text}")
                    self.on_rule(f"rule of {target.name.removesuffix(chr(39))}")
                    used = [e for e in expressions(a.tree) if isinstance(e, Select)]
                    self.known = list(dict.fromkeys([*self.known, *used]))
                    todo.remove((target, own))
                    progress = True
                    if tier == LAST:
                        break
            stage = stage + 1 if not progress else 0 if tier == LAST else stage
        last = {name: attempt for name, (_, attempt) in attempts.items()}
        return Learned(rules, [t for t, _ in todo], last)

    def recall(
        self,
        source: Source,
        todo: list[tuple[Field, Field | None]],
        rules: list[Rule],
        available: Sequence[Field],
    ) -> None:
        """Takes over the rules of an earlier program that can be read and hold."""
        kept = self.kept.get(source.name, [])
        again = True
        while again:
            again = False
            readable = {f.name for f in [*available, *(r.field for r in rules)]}
            for rule in list(kept):
                target = next((t for t in todo if t[0].name == rule.field.name), None)
                if target is None or not reads(rule.tree) <= readable:
                    continue
                kept.remove(rule)
                if any(len(bad) for bad in self.mistakes(source, rule)):
                    self.log(f"{rule.field.name}: the old rule fails")
                    continue
                rules.append(rule)
                todo.remove(target)
                used = [e for e in expressions(rule.tree) if isinstance(e, Select)]
                self.known = list(dict.fromkeys([*self.known, *used]))
                again = True
                break

    def rows(
        self, views: Sequence[View], target: Field, own: Field | None, tried: Sequence[Rule] = ()
    ) -> tuple[Rows, np.ndarray]:
        """Receivers, half of them where the field changes, and which do.

        Of many receivers of a state few tell rules apart: those where earlier ones fail are there.
        """
        rows = all_rows(views, target.rank)
        y = rows.target(target)
        if own is not None:
            changed = rows.target(own) != y
        elif target.kind is Kind.MASK:
            changed = y == 1
        else:
            changed = np.ones(rows.count, bool)
        chosen, counts = [], y != -1 if not target.scored else np.ones(rows.count, bool)
        for part in (np.flatnonzero(changed & counts), np.flatnonzero(~changed & counts)):
            most = ROWS // (2 if 0 < changed.sum() < len(changed) else 1)
            chosen.append(rows.some(part, most, self.rng))
        for rule in tried:
            failed = [failures(v, rule).ravel() for v in views]
            chosen.append(rows.some(np.flatnonzero(np.concatenate(failed)), ROWS, self.rng))
        at = np.unique(np.concatenate(chosen))
        return rows.subset(at).apart(), changed[at]

    def fit(
        self,
        source: Source,
        target: Field,
        own: Field | None,
        available: Sequence[Field],
        tier: int,
        limit: float,
    ) -> Attempt:
        """Fits a rule, and refits it where it fails on more states."""
        rank = target.rank
        hard: list[View] = []
        tried: list[Rule] = []
        attempt = Attempt(None, "no states")
        key = _key(source, target, available, tier)
        for turn in range(ROUNDS):
            made = self.problem(source, target, available, tier) if not turn else None
            if made is None:
                made = self.make(source, target, own, available, tier, hard, tried)
                others = list(self.problems.items())[-PROBLEMS:]
                self.problems = {**dict(others), key: made.packed()}
            assert made.places is not None
            uncovered = np.flatnonzero(~made.right.any(axis=1))
            if len(uncovered):
                text = f"uncovered {len(uncovered)}/{len(made.weight)}"
                why = f"no term gives that {made.places.name(int(uncovered[0]))}"
                attempt = Attempt(None, text, 10**6 + len(uncovered), why)
                break
            steady = made.steady()
            tree, clashes = fit_tree(steady, limit)
            if tree is None and steady is not made:
                # Terms that drift are a last resort.
                last = limit == STAGES[-1][1]
                tree, clashes = fit_tree(made, limit) if last else (None, made.merged()[1])
            if tree is None:
                attempt = Attempt(
                    None,
                    f"clashes {clashes}" if clashes else "too long",
                    clashes,
                    made.conflict() if clashes else f"no rule of a cost up to {limit:g} was found",
                )
                break
            tried.append(Rule(target, tree))
            bad = self.mistakes(source, tried[-1])
            missed = sum(len(b) for b in bad)
            attempt = Attempt(
                None if missed else tree,
                f"missed {missed}" if missed else f"cost {tree.cost:.1f}",
                reason="each rule that was found failed at some other state",
            )
            if not missed:
                break
            for view, at in zip(source.checked[rank], bad, strict=True):
                if len(at):
                    at = self.rng.permutation(at)[: HARD[rank]]
                    hard.append(View(np, {k: x[at] for k, x in view.fields.items()}, view.n))
        source.hard[rank] += hard
        return attempt

    def problem(
        self, source: Source, target: Field, available: Sequence[Field], tier: int
    ) -> Problem | None:
        """What a rule of a field was fitted to last, if that is not long ago."""
        kept = self.problems.get(_key(source, target, available, tier))
        return None if kept is None else kept.unpacked()

    def make(
        self,
        source: Source,
        target: Field,
        own: Field | None,
        available: Sequence[Field],
        tier: int,
        hard: Sequence[View],
        tried: Sequence[Rule] = (),
    ) -> Problem:
        """What a tree is fitted to: some receivers, and those where earlier rules failed."""
        rank = target.rank
        rows, changed = self.rows(source.fitted[rank], target, own)
        if hard or source.hard[rank]:
            more, also = self.rows(merged([*source.hard[rank], *hard]), target, own, tried)
            rows = Rows([*rows.blocks, *more.blocks], rank)
            changed = np.concatenate([changed, also])
        share = np.where(changed, 1 / max(1, changed.sum()), 1 / max(1, (~changed).sum()))
        weight = share / share.sum() * rows.count
        task = Task(target, own, Signature(tuple(available)), self.known, tier, self.rules)
        return replace(problem(task, rows, weight), places=Places.of(rows, target))

    def mistakes(self, source: Source, rule: Rule) -> list[np.ndarray]:
        """The states of each checked view where a rule is wrong."""
        bad = []
        for v in source.checked[rule.field.rank]:
            wrong = failures(v, rule)
            bad.append(np.flatnonzero(wrong.any(axis=tuple(range(1, wrong.ndim)))))
        return bad


def _key(source: Source, target: Field, available: Sequence[Field], tier: int) -> Hashable:
    """What the examples of a field, and what is read there, are known by."""
    return source.name, target.name, tier, frozenset(f.name for f in available)


def reads(*trees: Tree) -> set[str]:
    """The names of the fields that some trees read."""
    return {name for tree in trees for e in expressions(tree) for name in e.reads}


def failures(view: View, rule: Rule) -> np.ndarray:
    """The receivers where a rule is wrong, of the shape of its field."""
    view.forget()
    with np.errstate(all="ignore"):
        got, want = rule.evaluate(view), view.fields[rule.field.name]
        wrong = got != want
        if want.dtype.kind == "f":
            wrong &= ~(np.abs(got - want) <= TOLERANCE * (1 + np.abs(want)))
        if not rule.field.scored:
            wrong &= want != -1
    view.forget()
    return wrong
