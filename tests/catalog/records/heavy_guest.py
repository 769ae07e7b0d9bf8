"""A process with one heavy question: tells what becomes of it, and stays until it is told to go. For ``test_admission.py``."""

from multiprocessing.connection import Connection
from pathlib import Path

from catalog.errors import TooBusy
from catalog.records.admission import Admission


def be_a_guest(teller: Connection, folder: Path, slots: int, places: int, cost: float, patience: float) -> None:
    room = Admission(folder, slots=slots, places=places, share=1, patience=patience)
    teller.send("asks")
    try:
        with room.admit(cost):
            teller.send("in")
            teller.recv()
    except TooBusy as busy:
        teller.send(f"busy {busy.values['retry_after']}")
