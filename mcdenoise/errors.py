"""The errors that mcdenoise raises: each message is one sentence that says what is wrong, where, and what to do."""


class McdenoiseError(Exception):
    """Base of all errors that are the user's to solve; the command line prints its text and exits with 1.

    misuse: what was asked for cannot be, whatever the files hold: a name or file that is not there, options that
    contradict each other. The command line then exits with 2, as for an option that it does not know.
    """

    def __init__(self, *arguments: object, misuse: bool = False):
        super().__init__(*arguments)
        self.misuse = misuse


def one_line(message: str) -> str:
    """A message as one line for a terminal: what steers a terminal, as in the name of a file, is written out."""
    line = " ".join(message.split())
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: Python's own, torch's on a GPU, or torch's RuntimeError on a CPU."""
    said = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in said)


class FrameError(McdenoiseError):
    """A frame file cannot be read, written or understood."""


class SceneError(McdenoiseError):
    """A Mitsuba scene cannot be found, loaded or rendered."""


class VariantError(McdenoiseError):
    """A Mitsuba variant does not work on this machine."""


class ClusterError(McdenoiseError):
    """There is no cluster that can render: no scheduler, no workers, or not the same programs and files there."""


class DataError(McdenoiseError):
    """A folder of renders holds nothing that can be trained on."""


class ModelError(McdenoiseError):
    """A model file cannot be read or does not fit this version."""


class TrainingError(McdenoiseError):
    """Training cannot start, or had to stop."""
