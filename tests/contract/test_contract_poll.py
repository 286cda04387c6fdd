"""The public contract: polling, on both paths."""

import pytest
from asking import (
    KNOWN,
    NOBODY,
    PATHS,
    batch,
    check_error,
    check_operation,
    finished,
    single,
    submit,
)


@pytest.mark.parametrize("path", PATHS)
def test_a_batch_is_told_item_by_item(http, path):
    """In the caller's order, each as it was given, found or why not; partly found says so."""
    given = [KNOWN, NOBODY, KNOWN]
    job_id = submit(http, batch(*given, fields=["contact.email", "contact.phone"])).json()["id"]

    operation = finished(http, job_id, path)

    items = operation["result"]["items"]
    assert (operation["status"], operation["progress"]) == ("partial_success", 100)
    assert [item["identifier"] for item in items] == given
    assert [item["status"] for item in items] == ["success", "failed", "success"]
    for item in (items[0], items[2]):
        assert item["data"]["contact"].keys() == {"email", "phone"}
        assert all(isinstance(part, list) for part in item["data"]["contact"].values())
    assert isinstance(items[1]["error"]["message"], str)
    assert operation["error"] is None


@pytest.mark.parametrize("path", PATHS)
def test_a_single_operation_has_its_data_in_both_places(http, path):
    """``result.data`` for clients of the pages, ``result.items`` for those of the live service."""
    job_id = submit(http, single(fields=["contact.email", "profile"])).json()["id"]

    operation = finished(http, job_id, path)

    assert (operation["status"], operation["progress"]) == ("succeeded", 100)
    assert operation["result"]["data"] == operation["result"]["items"][0]["data"]
    assert operation["result"]["data"]["contact"]["email"]


@pytest.mark.parametrize("path", PATHS)
def test_an_operation_without_success_has_failed_and_says_why(http, path):
    """A 200 all the same, with an error that is an object."""
    operation = finished(http, submit(http, batch(NOBODY)).json()["id"], path)

    assert operation["status"] == "failed"
    assert isinstance(operation["error"]["message"], str)
    assert operation["result"]["items"][0]["status"] == "failed"


def test_both_paths_say_the_same(http):
    """Clients differ in the one they poll."""
    job_id = submit(http, batch(KNOWN, NOBODY)).json()["id"]
    finished(http, job_id)

    one, other = (http.get(f"{path}/{job_id}").json() for path in PATHS)
    assert one == other


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_operation_is_a_404(http, path):
    """Also when it looks like one."""
    wanted = f"{path}/op_01JD3W8Q4F7N2K5T9VXB6RZMCA"

    body = check_error(http.get(wanted), 404, "Not Found", wanted)
    assert body["message"] == "Resource not found."


def test_the_list_is_a_bare_array_newest_first(http):
    """Recover an id that was lost."""
    ids = [submit(http, batch(KNOWN)).json()["id"] for _ in range(2)]
    for operation_id in ids:  # now this front door has heard of them
        http.get(f"{PATHS[1]}/{operation_id}")
    listed = http.get(PATHS[1], params={"limit": 2}).json()

    assert [operation["id"] for operation in listed] == ids[::-1]
    for operation in listed:
        check_operation(operation, operation["id"])
