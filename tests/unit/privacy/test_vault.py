"""Sealed fields open with their own key, for their own subject and field, and with nothing else."""

import pickle

import pytest

from gridmap.errors import EnvironmentFault
from gridmap.privacy import Vault, new_master_key, parse_master_key


@pytest.fixture
def vault() -> Vault:
    return Vault(parse_master_key(new_master_key()))


def test_a_field_opens_as_it_was_sealed(vault: Vault) -> None:
    key, wrapped = vault.new_subject()
    box = vault.seal(key, 7, "contact_phone", "199-0000-0001 转 张三")
    assert b"199" not in box
    assert vault.open(vault.unwrap(wrapped), 7, "contact_phone", box) == "199-0000-0001 转 张三"


def test_the_same_text_never_gives_the_same_box(vault: Vault) -> None:
    key, _ = vault.new_subject()
    assert vault.seal(key, 1, "text", "a") != vault.seal(key, 1, "text", "a")


@pytest.mark.parametrize(("subject", "field"), [(8, "text"), (7, "contact_phone")])
def test_a_box_moved_to_another_row_does_not_open(vault: Vault, subject: int, field: str) -> None:
    key, _ = vault.new_subject()
    box = vault.seal(key, 7, "text", "墙裂了")
    with pytest.raises(EnvironmentFault, match="does not open"):
        vault.open(key, subject, field, box)


def test_another_master_key_opens_nothing(vault: Vault) -> None:
    _, wrapped = vault.new_subject()
    with pytest.raises(EnvironmentFault, match="GRIDMAP_SECRET_KEY"):
        Vault(parse_master_key(new_master_key())).unwrap(wrapped)


@pytest.mark.parametrize("text", ["", "short", "====", "A" * 44 + "!", "é"])
def test_a_bad_master_key_is_named_before_anything_is_sealed(text: str) -> None:
    with pytest.raises(EnvironmentFault, match="32 bytes of base64"):
        parse_master_key(text)


def test_a_vault_shows_and_pickles_no_key(vault: Vault) -> None:
    assert "master" not in repr(vault)
    with pytest.raises(TypeError):
        pickle.dumps(vault)
