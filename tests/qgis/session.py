"""What a person does in QGIS, done by QGIS itself without a window; run with the Python that has `qgis`, not with ours.

    QT_QPA_PLATFORM=offscreen /usr/bin/python3 tests/qgis/session.py look FILE [FILE ...]
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 tests/qgis/session.py edit FILE '[["move", ...], ...]'
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 tests/qgis/session.py run FILE OUT ALGORITHM '{"PARAMETER": ...}'

`look` prints, as JSON, what QGIS sees in each layer of the files. `edit` opens one edit session on the first layer,
makes the edits in it and saves. Edits: `move` FROM TO [CODE] (every cell that has the vertex, as the vertex tool with
topological editing does; with CODE that cell alone), `split` CODE [PLACE, ...] (the tool Split Features with
topological editing), `merge` KEEP GONE (the tool Merge Selected Features, attributes of KEEP), `name` PLACE CODE (the
cell at a place gets a code typed into the attribute table), `style` (saved as the default, which adds a table to the
file). `run` runs an algorithm of the processing toolbox.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsWkbTypes,
)

#: vertices nearer than this, in degrees, are one: what a mouse on a snapped vertex takes
ONE = 1e-12


@contextmanager
def qgis() -> Iterator[None]:
    application = QgsApplication([], False)
    application.initQgis()
    try:
        yield
    finally:
        QgsProject.instance().clear()
        application.exitQgis()


def opened(path: str) -> list[QgsVectorLayer]:
    """Every layer of a file, as "Add Layer" offers them."""
    told = QgsProviderRegistry.instance().querySublayers(path)
    layers = [one.toLayer(one.LayerOptions(QgsProject.instance().transformContext())) for one in told]
    assert layers, path
    assert all(one.isValid() for one in layers), path
    return layers


def look(layer: QgsVectorLayer) -> dict[str, Any]:
    """What the attribute table and the layer's properties say."""
    names = [one.name() for one in layer.fields()]
    rows = [[plain(feature[name]) for name in names] for feature in layer.getFeatures()]
    shapes = [feature.geometry() for feature in layer.getFeatures()]
    return {
        "name": layer.name(),
        "fields": {one.name(): one.typeName() for one in layer.fields()},
        "crs": layer.crs().authid(),
        "geometry": QgsWkbTypes.displayString(layer.wkbType()),
        "invalid": sum(not one.isGeosValid() for one in shapes if not one.isNull()),
        "without": sum(one.isNull() for one in shapes),
        "rows": rows,
    }


def plain(value: Any) -> Any:
    """A cell of the attribute table as JSON has it."""
    if value is None or (hasattr(value, "isNull") and value.isNull()):
        return None
    return value if isinstance(value, bool | int | float | str) else value.toString(1)  # Qt.ISODate


def edit(layer: QgsVectorLayer, edits: list[list[Any]]) -> None:
    QgsProject.instance().setTopologicalEditing(True)
    assert layer.startEditing()
    for what, *given in edits:
        EDITS[what](layer, *given)
    assert layer.commitChanges(), layer.commitErrors()


def cell(layer: QgsVectorLayer, code: str) -> QgsFeature:
    return next(one for one in layer.getFeatures() if one["code"] == code)


def move(layer: QgsVectorLayer, start: list[float], end: list[float], code: str | None = None) -> None:
    moved = 0
    for feature in layer.getFeatures():
        _, at, _, _, apart = feature.geometry().closestVertex(QgsPointXY(*start))
        if apart <= ONE**2 and code in (None, feature["code"]):
            assert layer.moveVertex(*end, feature.id(), at)
            moved += 1
    assert moved, start


def split(layer: QgsVectorLayer, code: str, line: list[list[float]]) -> None:
    layer.selectByIds([cell(layer, code).id()])  # what is selected is split, and nothing else
    assert layer.splitFeatures([QgsPointXY(*place) for place in line], True) == QgsGeometry.OperationResult.Success
    layer.removeSelection()


def merge(layer: QgsVectorLayer, keep: str, gone: str) -> None:
    one, other = cell(layer, keep), cell(layer, gone)
    assert layer.changeGeometry(one.id(), QgsGeometry.unaryUnion([one.geometry(), other.geometry()]))
    assert layer.deleteFeature(other.id())


def name(layer: QgsVectorLayer, place: list[float], code: str) -> None:
    at = QgsGeometry.fromPointXY(QgsPointXY(*place))
    (feature,) = [one for one in layer.getFeatures() if one.geometry().contains(at)]
    assert layer.changeAttributeValue(feature.id(), layer.fields().indexOf("code"), code)


def style(layer: QgsVectorLayer) -> None:
    layer.saveStyleToDatabase("plain", "", True, "")


EDITS = {"move": move, "split": split, "merge": merge, "name": name, "style": style}


def run(path: str, out: str, algorithm: str, parameters: dict[str, Any]) -> None:
    sys.path.append("/usr/share/qgis/python/plugins")
    import processing
    from processing.core.Processing import Processing

    Processing.initialize()
    processing.run(algorithm, {"INPUT": opened(path)[0], "OUTPUT": out, **parameters})


def main(verb: str, path: str, *more: str) -> None:
    with qgis():
        if verb == "look":
            print(json.dumps([look(layer) for one in (path, *more) for layer in opened(one)], ensure_ascii=False))
        elif verb == "edit":
            edit(opened(path)[0], json.loads(more[0]))
        else:
            run(path, more[0], more[1], json.loads(more[2]))


if __name__ == "__main__":
    main(*sys.argv[1:])
