"""The catalogue of a results folder: a row for each run in it, with its arms and its rungs.

There is no server and no database. Run folders appear whole or not at all. Beside them, in `<results>/.catalogue/`,
lies an index that only saves reading them again. It is never trusted over the folders: what it lacks is read from them,
what no longer exists is left out, and without it everything is still found.

`columns` the columns and their units; `reading` makes the rows of one folder; `roots` a local or remote results
folder; `files` the index's files; `index` joins all of these; `tables` runs, arms and rungs as tables; `sql` the
engine of conditions and queries; `api` what `harness.results` exports.
"""
