"""What answers show: expanded fields and pages of lists."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.doubles.stripe.account import PRIVATE, Account, public
from tests.doubles.stripe.errors import ApiError, Json, not_found
from tests.doubles.stripe.params import Params

MAX_PAGE, DEFAULT_PAGE = 100, 10
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
LIST_PARAMS = frozenset(["created", "ending_before", "expand", "limit", "starting_after"])


def shown(account: Account, item: Json, expand: Iterable[str] = ()) -> Json:
    """The object with the fields that these paths name in full."""
    answer = public(item)
    for path in expand:
        first, _, rest = path.partition(".")
        answer[first] = _expanded(account, item, answer, first, [rest] if rest else [])
    return answer


def _expanded(account: Account, item: Json, answer: Json, name: str, rest: list[str]) -> Any:
    if name in item[PRIVATE].get("lists", {}):
        ids = item[PRIVATE]["lists"][name]
        found = [account.objects[it] if isinstance(it, str) else it for it in ids]
        return as_list([public(it) for it in found], f"/v1/{name}")
    value = answer.get(name)
    if name not in item or not (value is None or _id_of(value) in account.objects):
        raise ApiError(f"This property cannot be expanded ({name}).", param="expand[0]")
    if value is None:
        return None
    before = value if isinstance(value, dict) else {}
    return {**before, **shown(account, account.objects[_id_of(value)], rest)}


def _id_of(value: Any) -> str:
    """The id of an object, or of what was already expanded by another path."""
    return str(value.get("id") if isinstance(value, dict) else value)


def as_list(data: list[Json], url: str, *, has_more: bool = False) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page(account: Account, kind: str, url: str, params: Params, *, filters: Iterable[str] = ()) -> Json:
    """Newest first; `filters` are the fields that a parameter of the same name compares."""
    limit = params.integer("limit") or DEFAULT_PAGE
    if not 1 <= limit <= MAX_PAGE:
        raise ApiError(f"Invalid limit: must be from 1 to {MAX_PAGE}.", param="limit")
    wanted = {name: value for name in filters if (value := params.text(name))}
    found = [
        item
        for item in account.every(kind)
        if all(item[name] == value for name, value in wanted.items()) and _was_created(item, params)
    ]
    found, has_more = _cut(found, limit, params)
    expand = [path.removeprefix("data.") for path in params.list("expand")]
    return as_list([shown(account, item, expand) for item in found], url, has_more=has_more)


def _was_created(item: Json, params: Params) -> bool:
    if not isinstance(params.values.get("created"), dict):
        exact = params.integer("created")
        return exact is None or item["created"] == exact
    created = params.nested("created")
    created.check_known(COMPARISONS)
    return all(compare(item["created"], created.integer(name) or 0) for name, compare in COMPARISONS.items()
               if created.has(name))  # fmt: skip


def _cut(found: list[Json], limit: int, params: Params) -> tuple[list[Json], bool]:
    ids = [item["id"] for item in found]
    for name in ("starting_after", "ending_before"):
        cursor = params.text(name)
        if cursor is not None and cursor not in ids:
            raise not_found("object", cursor, param=name)
    if after := params.text("starting_after"):
        found = found[ids.index(after) + 1 :]
    if before := params.text("ending_before"):
        found = found[: ids.index(before)]
        return found[-limit:], len(found) > limit
    return found[:limit], len(found) > limit
