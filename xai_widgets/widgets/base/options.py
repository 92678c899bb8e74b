"""The methods' own parameters, which a widget takes by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import traitlets as t

from xai_widgets.errors import nearest
from xai_widgets.widgets.base.traits import TraitProblem
from xai_widgets.widgets.base.widget import EngineWidget

if TYPE_CHECKING:
    from xai_widgets.engine import Engine


class Parametrised(EngineWidget):
    """A widget that takes the keywords of its engine's methods."""

    parameters = t.Dict().tag(sync=True, keyword=True)

    _parameter_names: tuple[str, ...] = ()

    def _with_parameters(self, engine: Engine, given: Mapping[str, Any]) -> dict[str, Any]:
        """The keywords given, those of methods gathered in `parameters`."""
        names = (p.name for method in engine.methods.values() for p in method.parameters)
        self._parameter_names = tuple(dict.fromkeys(names))
        own = {
            name: given[name]
            for name in self._parameter_names
            if name in given and not self.has_trait(name)
        }
        others = {name: value for name, value in given.items() if name not in own}
        return {**others, "parameters": {**others.get("parameters", {}), **own}}

    @t.validate("parameters")
    def _check_parameters(self, proposal: Any) -> dict[str, Any]:
        parameters: dict[str, Any] = proposal["value"]
        for name in parameters:
            if name not in self._parameter_names:
                known = self._parameter_names
                raise TraitProblem(f"No method has a parameter {name!r}.{nearest(name, known)}")
        return parameters

    def _keywords(self) -> Iterable[str]:
        return [*super()._keywords(), *self._parameter_names]
