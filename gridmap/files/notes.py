"""What people should know about a file besides its faults: said once, however many tables the file came in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

#: examples shown of what was counted
_SHOWN = 5


@dataclass(slots=True)
class Notes:
    """Sentences, and counts that grow; in the order in which each was first said."""

    _counts: dict[str, int] = field(default_factory=dict)
    _shown: dict[str, dict[str, None]] = field(default_factory=dict)

    def say(self, *sentences: str) -> None:
        for sentence in sentences:
            self._counts.setdefault(sentence, 0)

    def count(self, template: str, n: int, shown: Iterable[str] = ()) -> None:
        """Add n to a sentence that holds {n}, and examples to its {shown}."""
        self._counts[template] = self._counts.get(template, 0) + n
        examples = self._shown.setdefault(template, {})
        examples.update(dict.fromkeys(sorted(set(shown))[:_SHOWN]))

    def listed(self) -> tuple[str, ...]:
        return tuple(
            template.replace("{n}", f"{n:,}").replace("{shown}", ", ".join(sorted(self._shown[template])[:_SHOWN]))
            if n
            else template
            for template, n in self._counts.items()
        )
