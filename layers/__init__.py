"""The map's layers: one module a layer, each with parameters, allow-listed fields, a style and a legend."""

from layers.layer import LANGS, Field, Lang, Layer, LegendItem, Param, Words
from layers.registry import LAYERS, layers_for

__all__ = ["LANGS", "LAYERS", "Field", "Lang", "Layer", "LegendItem", "Param", "Words", "layers_for"]
