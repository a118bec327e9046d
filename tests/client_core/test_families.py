"""Which runs are below others."""

from client_core import DBOSClient, Descendant
from tests.client_core.conftest import Insert


def test_they_are_found_at_any_depth(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="top", status="SUCCESS")
    insert(workflow_uuid="child", status="ERROR", parent_workflow_id="top")
    insert(workflow_uuid="grand", status="PENDING", parent_workflow_id="child")
    insert(workflow_uuid="other", status="PENDING")
    child, grand = Descendant("child", "top", "ERROR"), Descendant("grand", "child", "PENDING")
    assert set(client.list_descendants(["top"], limit=10)) == {child, grand}
    assert set(client.list_descendants(["top", "child"], limit=10)) == {child, grand}
    assert client.list_descendants(["top"], limit=1) == [child]
    assert client.list_descendants(["grand", "nobody"], limit=10) == []
    assert client.list_descendants([], limit=10) == []


def test_a_circle_has_an_end(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="a", status="ERROR", parent_workflow_id="b")
    insert(workflow_uuid="b", status="ERROR", parent_workflow_id="a")
    assert len(client.list_descendants(["a"], limit=10)) == 2
