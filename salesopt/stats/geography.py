"""Places and the way between them: great-circle distances, or a table of distances between regions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesopt.errors import DataError, Problem
from salesopt.stats.distances import EARTH_KM, both_ways, great_circle_km
from salesopt.study.tables import require_table

MOST_KEPT = 2000


@dataclass(frozen=True, eq=False)
class Geography:
    """Where the rows of a table are.

    plane   : rows x 2, positions in km on a plane, good for telling who is near whom
    lat, lon: degrees, None where only regions are known
    between : regions x regions, km, None where latitude and longitude are known
    place   : the region's number per row, for `between`
    every   : rows x rows, km, kept where there are at most 2,000 rows; None where there are more
    known   : whether the place of each row is known; the others stand in the middle of all, and no way leads to them
    """

    plane: np.ndarray
    known: np.ndarray
    lat: np.ndarray | None = None
    lon: np.ndarray | None = None
    between: np.ndarray | None = None
    place: np.ndarray | None = None
    every: np.ndarray | None = None

    def km(self, origin: np.ndarray, destination: np.ndarray) -> np.ndarray:
        """Kilometres between rows `origin` and rows `destination` (numbers of rows; shapes broadcast)."""
        if self.between is not None and self.place is not None:
            return self.between[self.place[origin], self.place[destination]]
        assert self.lat is not None and self.lon is not None
        return great_circle_km(self.lat[origin], self.lon[origin], self.lat[destination], self.lon[destination])

    def between_rows(self, rows: np.ndarray) -> np.ndarray:
        """Kilometres between every two of `rows`, as a new square array."""
        if self.every is not None:
            return self.every[np.ix_(rows, rows)]
        return np.array(self.km(rows[:, None], rows[None, :]))


def locate(frame: pd.DataFrame, distances: pd.DataFrame | None = None) -> Geography | None:
    """Where the rows of `frame` are: from `lat` and `lon` where every row has them, else from `region` and `distances`.

    `distances` is the table of that name (origin, destination, km); without it, `lat` and `lon` serve the rows that
    have them. Returns None where no row's place is known. Raises DataError where a region of `frame` is absent from
    `distances`.
    """
    degrees, region = (_filled(frame, names) for names in (("lat", "lon"), ("region",)))
    by_region = distances is not None and region.any()
    if degrees.any() and (degrees.all() or not by_region):
        lat, lon = (frame[name].where(degrees, frame[name][degrees].iloc[0]).to_numpy(float) for name in ("lat", "lon"))
        found = Geography(_gathered(_project(lat, lon), degrees), degrees, lat, lon)
        return replace(found, every=found.between_rows(np.arange(len(lat)))) if len(lat) <= MOST_KEPT else found
    if distances is None or not by_region:
        return None
    names, place = np.unique(
        frame["region"].where(region, frame["region"][region].iloc[0]).to_numpy(str), return_inverse=True
    )
    between = _matrix(require_table("distances", distances), names)
    return Geography(_gathered(_scale(between)[place], region), region, between=between, place=place)


def _filled(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Whether each row has all of `columns`."""
    return frame.reindex(columns=list(columns)).notna().all(axis=1).to_numpy()


def _gathered(plane: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The plane with the rows whose place is not known in the middle of the others."""
    return np.where(known[:, None], plane, plane[known].mean(axis=0))


def _project(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Equirectangular projection about the middle, in km; longitudes are taken the short way round."""
    middle = np.degrees(np.angle(np.exp(1j * np.radians(lon)).mean()))
    east = (lon - middle + 180) % 360 - 180
    unit = np.radians(1) * EARTH_KM
    return np.column_stack([east * unit * np.cos(np.radians(lat.mean())), lat * unit])


def _matrix(distances: pd.DataFrame, names: np.ndarray) -> np.ndarray:
    known = {(one, two): km for one, two, km in both_ways(distances).itertuples(index=False)}
    pairs = {(one, two): known.get((one, two), 0.0 if one == two else np.nan) for one in names for two in names}
    absent = [f"{one} - {two}" for (one, two), km in pairs.items() if math.isnan(km) and one < two]
    if absent:
        found = ", ".join(absent[:5])
        raise DataError([Problem("distances", "km", None, "", f"the way {found}", count=len(absent))])
    return np.array([[pairs[one, two] for two in names] for one in names])


def _scale(between: np.ndarray) -> np.ndarray:
    """Points on a plane whose distances are near to `between` (classical multidimensional scaling; Torgerson 1952)."""
    size = len(between)
    centre = np.eye(size) - 1 / size
    values, vectors = np.linalg.eigh(-centre @ (between**2) @ centre / 2)
    plane = np.zeros((size, 2))
    top = min(2, size)
    plane[:, :top] = (vectors[:, ::-1][:, :top]) * np.sqrt(np.maximum(values[::-1][:top], 0))
    return plane
