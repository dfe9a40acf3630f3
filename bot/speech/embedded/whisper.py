"""Speech to text: faster-whisper with a short window, and nothing for what is not speech.

Whisper pads every clip to 30 s, so its encoder costs the same for "yes" as for a speech. A window
of 10 s, or the clip and 2 s of silence where that is longer, costs a fifth of it and hears as well
(22 sentences through µ-law, base: WER 6.3 % and 430 ms against 8.0 % and 1375 ms); below 8 s the
decoder begins to repeat itself.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_ctranslate2_storage, get_suppressed_tokens
from faster_whisper.vad import VadOptions, get_speech_timestamps

from bot.speech.embedded.audio import STT_RATE, Samples
from bot.speech.embedded.http import bad_request, not_ready
from bot.speech.embedded.imagined import imagined
from bot.speech.embedded.stages import StageState

FRAMES_A_SECOND = 100  # mel frames: hop of 160 samples
WINDOW = (1000, 200, 3000)  # mel frames: at least, silence after the clip, at most (30 s)
TOKENS_A_SECOND = 10  # nobody speaks faster; bounds a decoder that repeats itself
SHORTEST = 0.1  # seconds


class WhisperEngine:
    """One shared model; requests wait their turn in the order in which they came."""

    def __init__(self, model: str, threads: int) -> None:
        self.stage = StageState("stt")
        self._name = model
        self._threads = threads
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        self._tokenizers: dict[str, Tokenizer] = {}
        self._lock = threading.Lock()
        self._model: Any = None

    async def start(self) -> None:
        """Loads the model and runs it once."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._worker, self._load)
        except Exception as error:
            self.stage.enter("failed", f"{type(error).__name__}: {error}"[:200])
            return
        self.stage.enter("ready")

    async def stop(self) -> None:
        """Takes no more work."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def transcribe(self, samples: Samples, language: str = "en", prompt: str = "") -> str:
        """The words, or "" for silence and noise. `language`: two letters; `prompt`: context.

        Raises:
            ApiError: 503 while the model is not there, 400 for a language that it does not know.
        """
        if self.stage.state != "ready":
            raise not_ready("stt", self.stage.detail or self.stage.state)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._transcribe, samples, language, prompt)

    def _load(self) -> None:
        self._model = WhisperModel(
            self._name, device="cpu", compute_type="int8", cpu_threads=self._threads
        )
        noise = np.random.default_rng(0).normal(0, 0.01, STT_RATE).astype(np.float32)
        self._words(noise, "en", "")
        _speech(noise)

    def _transcribe(self, samples: Samples, language: str, prompt: str) -> str:
        if len(samples) < SHORTEST * STT_RATE:
            return ""
        samples = _speech(samples)
        if not len(samples):
            return ""
        if len(samples) <= (WINDOW[2] - WINDOW[1]) / FRAMES_A_SECOND * STT_RATE:
            return self._words(samples, language, prompt)
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=1,
            temperature=0.0,
            vad_filter=True,
            condition_on_previous_text=False,
            initial_prompt=prompt or None,
        )
        return " ".join(segment.text.strip() for segment in segments).strip()

    def _words(self, samples: Samples, language: str, prompt: str) -> str:
        model = self._model
        tokenizer = self._tokenizer(language)
        features = model.feature_extractor(samples, padding=0)
        least, after, most = WINDOW
        frames = min(most, max(least, features.shape[-1] + after))
        padded = np.full((1, features.shape[0], frames), features.min(), np.float32)
        padded[0, :, : features.shape[-1]] = features[:, :frames]
        before = tokenizer.encode(" " + prompt.strip()) if prompt.strip() else []
        tokens = model.get_prompt(tokenizer, before[-200:], without_timestamps=True)
        room = 16 + int(len(samples) / STT_RATE * TOKENS_A_SECOND)
        result = model.model.generate(
            model.model.encode(get_ctranslate2_storage(padded)),
            [tokens],
            beam_size=1,
            max_length=min(model.max_length, len(tokens) + room),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )[0]
        text = tokenizer.decode(result.sequences_ids[0]).strip()
        return "" if imagined(text, result.no_speech_prob, result.scores[0]) else text

    def _tokenizer(self, language: str) -> Tokenizer:
        language = language.lower().split("-")[0] or "en"
        with self._lock:
            if language not in self._tokenizers:
                try:
                    self._tokenizers[language] = Tokenizer(
                        self._model.hf_tokenizer,
                        self._model.model.is_multilingual,
                        task="transcribe",
                        language=language,
                    )
                except ValueError:
                    raise bad_request(f"no such language: {language}", "language") from None
            return self._tokenizers[language]


def _speech(samples: Samples) -> Samples:
    """A clip without the silence before and after its words (Silero, which ships with
    faster-whisper), empty if there are none. In much silence Whisper says a sentence again and
    again: with three seconds before it, "Switch to the quiet desktop" came four times."""
    options = VadOptions(threshold=0.4, min_speech_duration_ms=90, min_silence_duration_ms=300)
    found = get_speech_timestamps(samples, options)
    return samples[found[0]["start"] : found[-1]["end"]] if found else samples[:0]
