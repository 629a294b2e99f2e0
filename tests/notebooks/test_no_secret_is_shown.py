"""The lesson about secrets shows none: its keys are in no output but the one that this test asks for."""

from __future__ import annotations

import json
from pathlib import Path

from workshop import notebooks


def test_the_keys_of_the_lesson_are_in_no_output(tmp_path: Path) -> None:
    [path] = notebooks.find(["06"])
    lesson = notebooks.read(path)
    asked = {"cell_type": "code", "id": "asked", "metadata": {}, "execution_count": None, "outputs": []}
    # The last cell but one still has them all: the stolen key, the next one, the one after the rotation.
    keys = "now = ssm.get_parameters(Names=['secret_api_key'], WithDecryption=True)['Parameters'][0]['Value']\n"
    lesson["cells"].insert(-1, asked | {"source": f"{keys}print(stolen, key, now)"})
    copy = tmp_path / path.name
    copy.write_text(json.dumps(lesson), encoding="utf-8")
    executed = notebooks.execute(copy)
    shown = [json.dumps(cell.outputs) for cell in executed.cells if cell.cell_type == "code" and cell.id != "asked"]
    [asked_for] = [cell.outputs[0]["text"] for cell in executed.cells if cell.id == "asked"]
    secrets = asked_for.split()
    assert len(set(secrets)) == 3
    for secret in secrets:
        assert not any(secret in output for output in shown)
