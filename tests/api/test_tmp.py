from tests.api.client import Api


def test_x(api_lite: Api) -> None:
    for by in ("area", "town", "community", "body", "category", "channel", "month"):
        r = api_lite.get("dispatcher-1", f"//figures?month=2026-06&area=&category=&by={by}")
        assert r.status_code == 200, r.text
