"""Steps: verbs with their bodies, lanes, branches and schedules, as parts of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from mdsim.core.params import DurationDraw, Kind
from mdsim.core.spelling import shown
from mdsim.playbook.arguments import Arguments
from mdsim.playbook.grammar import BRANCH, REPEAT, STEP, WAIT, WAIT_FOR, Form
from mdsim.playbook.loader import Data, Document
from mdsim.playbook.phrases import Phrases
from mdsim.playbook.plan import (
    Act,
    Body,
    Branch,
    ChooseAct,
    IfAct,
    Lane,
    LanesAct,
    Question,
    RepeatAct,
    SayAct,
    Step,
    WaitAct,
)
from mdsim.playbook.questions import Questions
from mdsim.playbook.reader import At, Reader, meant
from mdsim.playbook.spans import takes_time
from mdsim.playbook.verbs import Grammar, Verb

_LIST = "a list of steps, each beginning with '- '"
_AT_ENDS = ("pause", "fail", "stop")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a step list or a step stands.

    Attributes:
        at: path in the document's data.
        path: path in words.
        order: position in the plan.
        bounded: something around it ends it: ``for`` or ``timeout``.
        ending: it belongs to ``finally``, where the run is over already.
    """

    at: At
    path: str
    order: tuple[int, ...]
    bounded: bool = False
    ending: bool = False

    def below(self, *keys: str | int, path: str = "", order: int = 0, bounded: bool = False) -> Spot:
        """A spot further down."""
        return replace(
            self,
            at=(*self.at, *keys),
            path=f"{self.path}/{path}" if path else self.path,
            order=(*self.order, order),
            bounded=self.bounded or bounded,
        )


class Steps:
    """Reads step lists; what a problem spoils is left out of the result."""

    def __init__(
        self, reader: Reader, grammar: Grammar, document: Document, arguments: Arguments, questions: Questions
    ) -> None:
        self._reader = reader
        self._grammar = grammar
        self._document = document
        self._arguments = arguments
        self._questions = questions
        self._phrases = Phrases(grammar)

    def body(self, data: Data, what: str, spot: Spot) -> Body:
        """Steps one after another, or a schedule."""
        items = self._reader.listing(data, what, _LIST, spot.at)
        if items is None:
            return Body(())
        timed = [isinstance(item, dict) and "at" in item for item in items]
        if any(timed) and not all(timed):
            bare = timed.index(False)
            message = f"step {bare + 1} has no 'at', but step {timed.index(True) + 1} has"
            help_ = "a schedule needs 'at' in every step, a sequence in none"
            self._reader.problem("MD060", message, (*spot.at, bare), help_)
        names: dict[str, None] = {}
        steps = [self.step(item, index, spot, names) for index, item in enumerate(items)]
        return Body(tuple(step for step in steps if step is not None), any(timed))

    def lanes(self, data: Data, spot: Spot) -> tuple[Lane, ...]:
        """Named step lists that run at once."""
        if not isinstance(data, dict) or not data:
            self._reader.wrong_shape("lanes", "a mapping of names to lists of steps", data or None, spot.at)
            return ()
        found: list[Lane] = []
        for index, (name, steps) in enumerate(data.items()):
            self._reader.check_name(name, (*spot.at, name), on_key=True)
            here = spot.below(name, path=name, order=index)
            found.append(Lane(name, here.path, here.order, self.body(steps, name, here)))
        return tuple(found)

    # ------------------------------------------------------------------ one step

    def step(self, data: Data, index: int, spot: Spot, names: dict[str, None]) -> Step | None:
        """One step; ``names`` holds those of its list so far."""
        here = spot.below(index, order=index)
        if not isinstance(data, dict):
            self._bare(data, here.at)
            return None
        name = self._name(data, here.at, names)
        here = replace(here, path=f"{spot.path}/{name or index + 1}")
        verb, key = self._verb(data, here.at)
        if verb is None:
            self._common(data, here)
            return None
        step = self._common(data, here)
        body = here.below(key, bounded=step.timeout_ns is not None)
        act = self._act(verb, data, replace(body, order=here.order))
        if act is None:
            return None
        if step.name is None and name is not None:
            step = replace(step, name=name)
        return replace(
            step,
            verb=verb.name,
            act=act,
            summary=self._phrases.summary(verb.name, act),
            place=self._document.marks.place(self._document.file, (*here.at, key), on_key=True),
        )

    def _bare(self, data: Data, at: At) -> None:
        word = data if isinstance(data, str) else ""
        if word.split(":")[0] in self._grammar.verbs:
            help_ = f"write '- {word}:'" if ":" not in word else "put a space after the colon"
            self._reader.problem("MD053", f"{shown(word)} is a word, not a step", at, help_)
        else:
            self._reader.wrong_shape("a step", "a mapping that begins with a verb", data, at)

    def _name(self, data: dict[str, Data], at: At, names: dict[str, None], what: str = "step") -> str | None:
        if "name" not in data:
            return None
        name = self._reader.name(data["name"], "name", (*at, "name"))
        if name is not None and name in names:
            self._reader.problem(
                "MD058", f"there is another {what} {shown(name)} in this list", (*at, "name")
            )
        if name is not None:
            names[name] = None
        return name

    def _verb(self, data: dict[str, Data], at: At) -> tuple[Verb | None, str]:
        """The verb of a step and the key that stands for it; a misspelt key counts as the nearest verb."""
        verbs = [name for name in data if name in self._grammar.verbs]
        beside = {key.name for name in verbs for key in self._grammar.verbs[name].companions}
        strange = [name for name in data if name not in verbs and name not in beside and not STEP.get(name)]
        if len(verbs) > 1:
            said = " and ".join(f"'{name}'" for name in verbs)
            help_ = "make it several steps, or put them in 'lanes' to run at once"
            message = f"a step has exactly one verb, this one has {said}"
            self._reader.problem("MD055", message, (*at, verbs[1]), help_, on_key=True)
        if verbs:
            self._strangers(strange, verbs[0], at)
            return self._grammar.verbs[verbs[0]], verbs[0]
        if not strange:
            help_ = "add one of " + ", ".join(self._grammar.available)
            self._reader.problem("MD055", "the step has no verb", at, help_)
            return None, ""
        guesses = ((key, meant(key, self._grammar.verbs)) for key in strange)
        key, near = next(((key, near) for key, near in guesses if near), (strange[0], None))
        help_ = (
            f"did you mean '{near}'?" if near else "a step is one of " + ", ".join(self._grammar.available)
        )
        self._reader.problem("MD012", f"{shown(key)} is not a step", (*at, key), help_, on_key=True)
        if near is None:
            return None, ""
        companions = {item.name for item in self._grammar.verbs[near].companions}
        self._strangers([name for name in strange if name != key and name not in companions], near, at)
        return self._grammar.verbs[near], key

    def _strangers(self, names: list[str], verb: str, at: At) -> None:
        section = self._grammar.sections.get(verb) or {"wait": WAIT, "repeat": REPEAT}.get(verb)
        known = (*STEP.names, *(key.name for key in self._grammar.verbs[verb].companions))
        for name in names:
            inside = section is not None and section.get(name) is not None
            help_ = f"put it inside the braces: {verb}: {{{name}: …}}" if inside else ""
            self._reader.unknown(name, "a step", known, (*at, name), help_)

    def _common(self, data: dict[str, Data], spot: Spot) -> Step:
        """The keys that every step may have, on a step without an act yet."""
        at_ns = timeout_ns = when = None
        if "at" in data:
            at_ns = self._reader.duration_ns(STEP["at"], data["at"], (*spot.at, "at"))
        if "timeout" in data:
            timeout_ns = self._reader.duration_ns(STEP["timeout"], data["timeout"], (*spot.at, "timeout"))
        if "when" in data:
            when = self._questions.condition(data["when"], "when", (*spot.at, "when"), span_ns=0)
        tags = self._reader.words(data["tags"], "tags", (*spot.at, "tags")) if "tags" in data else ()
        place = self._document.marks.place(self._document.file, spot.at)
        act = SayAct("", "")
        return Step("", spot.path, spot.order, place, "", act, None, at_ns, when, timeout_ns, tags)

    # ------------------------------------------------------------------ acts

    def _act(self, verb: Verb, step: dict[str, Data], spot: Spot) -> Act | None:
        data = step[str(spot.at[-1])]
        if verb.key.later:
            self._reader.later(verb.name, data, spot.at)
            return None
        if spot.ending and verb.name in _AT_ENDS:
            message = f"'{verb.name}' cannot stand in 'finally': the run is over there"
            self._reader.problem("MD083", message, spot.at, on_key=True)
        if verb.effect is not None:
            return self._arguments.effect(verb.effect, data, spot.at)
        match verb.key.form:
            case Form.WAIT:
                return self._wait(data, spot)
            case Form.EXPECTATION:
                return self._questions.expect(data, spot.at)
            case Form.LANES:
                return LanesAct(self.lanes(data, spot))
            case Form.REPEAT:
                return self._repeat(data, spot)
            case Form.CONDITION:
                return self._if(step, verb, spot)
            case Form.BRANCHES:
                return self._choose(data, spot)
            case Form.NOTE if data is None:
                return SayAct(verb.name, "")
            case _:
                text = self._reader.value(replace(verb.key, form=Kind.TEXT), data, spot.at)
                return SayAct(verb.name, text) if isinstance(text, str) else None

    def _wait(self, data: Data, spot: Spot) -> WaitAct | None:
        if not isinstance(data, dict):
            lasts = self._reader.value(WAIT_FOR, data, spot.at)
            return WaitAct(lasts) if isinstance(lasts, int | DurationDraw) else None
        fields = self._reader.mapping(data, WAIT, spot.at)
        if fields is None:
            return None
        timeout_ns, otherwise = None, "fail"
        if "timeout" in fields:
            timeout_ns = self._reader.duration_ns(WAIT["timeout"], fields["timeout"], (*spot.at, "timeout"))
        elif not spot.bounded:
            message = "this wait may never end: nothing around it has 'for' or 'timeout'"
            help_ = "add a timeout: wait: {until: …, timeout: 10m}"
            self._reader.problem("MD075", message, spot.at, help_, on_key=True)
        if "else" in fields:
            otherwise = str(self._reader.value(WAIT["else"], fields["else"], (*spot.at, "else")))
        until = self._until(fields, spot, timeout_ns)
        return None if until is None else WaitAct(None, until, timeout_ns, otherwise)

    def _until(self, fields: dict[str, Data], spot: Spot, span_ns: int | None = None) -> Question | None:
        if "until" not in fields:
            return None
        longer = "make the timeout longer, or the 'for' shorter"
        return self._questions.condition(
            fields["until"], "until", (*spot.at, "until"), span_ns=span_ns, longer=longer
        )

    def _repeat(self, data: Data, spot: Spot) -> RepeatAct | None:
        fields = self._reader.mapping(data, REPEAT, spot.at)
        if fields is None:
            return None
        found = {
            name: self._reader.value(REPEAT[name], fields[name], (*spot.at, name))
            for name in ("times", "every", "for")
            if name in fields
        }
        times, every, lasts_ns = found.get("times"), found.get("every"), found.get("for")
        until = self._until(fields, spot)
        self._bounds(fields, spot)
        inner = replace(spot.below("steps", bounded="for" in fields), order=spot.order)
        body = self.body(fields["steps"], "steps", inner) if "steps" in fields else Body(())
        if body.steps and not takes_time(body) and "every" not in fields and "times" not in fields:
            help_ = "add 'every' (or 'times', or a wait)"
            self._reader.problem(
                "MD077", "the steps take no time, so this never ends", spot.at, help_, on_key=True
            )
        return RepeatAct(
            body,
            times if isinstance(times, int) else None,
            every if isinstance(every, int | DurationDraw) else None,
            until,
            lasts_ns if isinstance(lasts_ns, int) else None,
        )

    def _bounds(self, fields: dict[str, Data], spot: Spot) -> None:
        if "times" in fields or "for" in fields or ("until" in fields and spot.bounded):
            return
        message, help_ = "'repeat' needs a bound", "add one of times, until, for"
        if "until" in fields:
            message = "this repeat may never end: 'until' may never hold, and nothing around it ends it"
            help_ = "add 'times' or 'for'"
        self._reader.problem("MD076", message, spot.at, help_, on_key=True)

    def _if(self, step: dict[str, Data], verb: Verb, spot: Spot) -> IfAct | None:
        question = self._questions.condition(step[str(spot.at[-1])], "if", spot.at, span_ns=0)
        bodies: list[Body] = []
        for index, key in enumerate(verb.companions):
            if key.name in step:
                here = replace(spot, at=spot.at[:-1]).below(key.name, path=key.name, order=index)
                bodies.append(self.body(step[key.name], key.name, here))
                continue
            bodies.append(Body(()))
            if key.required:
                self._reader.problem("MD052", f"'if' needs '{key.name}': {key.help}", spot.at, on_key=True)
        return None if question is None else IfAct(question, *bodies)

    def _choose(self, data: Data, spot: Spot) -> ChooseAct | None:
        items = self._reader.listing(
            data, "choose", "a list of branches, each with weight and steps", spot.at
        )
        found: list[Branch] = []
        names: dict[str, None] = {}
        for index, item in enumerate(items or []):
            here = (*spot.at, index)
            fields = self._reader.mapping(item, BRANCH, here)
            if fields is None:
                continue
            name = self._name(fields, here, names, "branch") or str(index + 1)
            weight = Decimal(1)
            if "weight" in fields:
                given = self._reader.value(BRANCH["weight"], fields["weight"], (*here, "weight"))
                weight = given if isinstance(given, Decimal) else weight
            inner = spot.below(index, "steps", path=name, order=index)
            body = self.body(fields["steps"], "steps", inner) if "steps" in fields else Body(())
            found.append(Branch(name, weight, body))
        if found and not any(branch.weight for branch in found):
            self._reader.problem(
                "MD078", "every weight is 0, so no branch can be drawn", spot.at, on_key=True
            )
        return ChooseAct(tuple(found)) if found else None
