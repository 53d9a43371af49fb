"""What a newcomer's first command rests on."""
def test_x() -> None:
    assert True
