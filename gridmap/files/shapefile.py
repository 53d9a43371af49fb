"""Writing a Shapefile: refused where the format would cut off what a column is called or holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from gridmap.errors import InvalidInput

#: what dBASE keeps of a column's name and of a text, in bytes of UTF-8
_NAME_BYTES, _TEXT_BYTES = 10, 254


def write_shapefile(frame: Any, path: Path) -> None:
    """A GeoDataFrame as `path`, with its .shx, .dbf, .prj and .cpg beside it. InvalidInput naming what does not fit."""
    _refuse_cut(frame, path.stem)
    try:
        pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", encoding="UTF-8")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, pyogrio.errors.FieldError) as error:
        raise InvalidInput(f"{path.name} cannot be written: {error}", code="cannot_write") from None


def _refuse_cut(frame: pd.DataFrame, stem: str) -> None:
    columns = [str(name) for name in frame.columns if name != "geometry"]
    faults = [f"the name {name!r} is longer than {_NAME_BYTES} bytes" for name in columns
              if len(name.encode()) > _NAME_BYTES]  # fmt: skip
    for name in columns:
        texts = [value for value in frame[name].tolist() if isinstance(value, str)]
        if max((len(text.encode()) for text in texts), default=0) > _TEXT_BYTES:
            faults.append(f"{name!r} holds texts of more than {_TEXT_BYTES} bytes")
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            faults.append(f"{name!r} holds times of day")
    if faults:
        raise InvalidInput(
            f"{stem}.shp: a Shapefile would cut off what this table holds: {'; '.join(faults)}. Write .gpkg instead.",
            code="cannot_write",
        )
