# SPDX-License-Identifier: Apache-2.0
"""Private search: exact scores, and the best of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import blindsight as bs

pytest.importorskip("onnx")
from blindsight import search


@pytest.fixture(scope="module")
def vectors() -> Any:
    return np.random.default_rng(1).integers(-127, 128, (5000, 24)).astype(np.int8)


@pytest.fixture(scope="module")
def catalogue(vectors: Any) -> search.Catalogue:
    return search.Catalogue(vectors, function_privacy=0)


def test_scores_are_exact(vectors: Any, catalogue: search.Catalogue) -> None:
    queries = np.random.default_rng(2).integers(-127, 128, (3, 24)).astype(np.int8)
    public = pickle.loads(pickle.dumps(catalogue.client))
    with search.Searcher(public) as searcher:
        server = catalogue.server(searcher.evaluation_keys)
        replies = server.scores(searcher.encrypt(queries))
        expected = queries.astype(np.int64) @ vectors.astype(np.int64).T
        assert np.array_equal(searcher.scores(replies), expected)
        assert np.array_equal(catalogue.scores(queries), expected)
        hits = searcher.best(replies, k=7)
    for row, (places, scores) in enumerate(zip(hits.places, hits.scores)):
        order = sorted(range(len(vectors)), key=lambda place: (-expected[row, place], place))[:7]
        assert list(places) == order
        assert list(scores) == [expected[row, place] for place in order]


def test_parts(vectors: Any, tmp_path: Path) -> None:
    catalogue = search.Catalogue(vectors[:70], part=30, function_privacy=0)
    assert catalogue.client.counts == (30, 30, 10)
    searcher = search.Searcher(catalogue.client)
    searcher.save(tmp_path / "keys")
    again = search.Searcher.load(tmp_path / "keys", catalogue.client)
    server = catalogue.server([bytes(key) for key in searcher.evaluation_keys])
    query = vectors[41]
    replies = server.scores([bytes(request) for request in again.encrypt(query)])
    assert np.array_equal(again.scores(replies), catalogue.scores(query))
    assert again.best(replies, k=100).places.shape == (1, 70)
    with pytest.raises(bs.MismatchError, match="2 requests"):
        server.scores(again.encrypt(query)[:2])
    with pytest.raises(bs.MismatchError):
        again.scores([replies[1], replies[0], replies[2]])


def test_reals_are_rounded_on_one_scale() -> None:
    reals = np.random.default_rng(3).normal(size=(40, 8))
    catalogue = search.Catalogue(reals, function_privacy=0)
    assert np.array_equal(catalogue.codes, np.rint(reals * (127 / np.abs(reals).max())))
    query = reals[5] * 1e-3
    searcher = search.Searcher(catalogue.client)
    server = catalogue.server(searcher.evaluation_keys)
    hits = searcher.best(server.scores(searcher.encrypt(query)), k=1)
    codes = np.rint(query * (127 / np.abs(query).max())).astype(np.int64)
    assert np.array_equal(hits.scores[0], [(catalogue.codes.astype(np.int64) @ codes).max()])


@pytest.mark.parametrize(
    ("vectors", "text"),
    [
        (np.array([[1, 200]]), "beyond"),
        (np.array([[-128, 1]], dtype=np.int8), "beyond"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.array([1, 2, 3]), "1 dimensions"),
        (np.array([["a", "b"]]), "numbers"),
        (np.empty((0, 4), dtype=np.int8), "without"),
    ],
)
def test_refusals(vectors: Any, text: str) -> None:
    with pytest.raises(bs.DataError, match=text):
        search.Catalogue(vectors)


def test_queries_that_do_not_fit(catalogue: search.Catalogue) -> None:
    searcher = search.Searcher(catalogue.client)
    with pytest.raises(bs.DataError, match="vectors of 23"):
        searcher.encrypt(np.zeros(23, dtype=np.int8))
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(searcher)


def test_columns_of_lists(vectors: Any) -> None:
    arrow = pytest.importorskip("pyarrow")
    column = arrow.chunked_array([arrow.array(vectors[:20].tolist()), arrow.array(vectors[20:40].tolist())])
    assert np.array_equal(search.Catalogue(column, function_privacy=0).codes, vectors[:40])
