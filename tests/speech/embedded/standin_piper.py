"""A program in Piper's place: one AUDIO frame a word, holding the word; "die" ends it."""

import json
import os
import sys
import threading
import time

from bot.speech.embedded.frames import Frame, FrameKind, pack, read_frame

cancelled: set[int] = set()


def send(kind: FrameKind, stream: int, payload: bytes = b"") -> None:
    sys.stdout.buffer.write(pack(Frame(kind, stream, payload)))
    sys.stdout.buffer.flush()


def speak(stream: int, text: str) -> None:
    for word in text.split():
        if word == "die":
            os._exit(3)
        if word == "fail":
            send(FrameKind.ERROR, stream, b"no voice today")
            return
        while word == "endless" and stream not in cancelled:
            time.sleep(0.01)
        send(FrameKind.AUDIO, stream, word.encode())
    send(FrameKind.END, stream)


send(FrameKind.READY, 0)
while (frame := read_frame(sys.stdin.buffer)) is not None:
    if frame.kind is FrameKind.CANCEL:
        cancelled.add(frame.stream)
    else:
        text = json.loads(frame.payload)["text"]
        threading.Thread(target=speak, args=(frame.stream, text), daemon=True).start()
