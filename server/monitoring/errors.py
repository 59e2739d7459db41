"""Why monitoring refuses.

MonitoringError
├── NotFound               no such thing, or none that this person may know of: the same words for both
├── DeviceRefused          a new device's ``field`` cannot be taken
│   └── DeviceExists
├── DeviceStateWrong       the device's ``state`` knows no such step
├── CertificateRefused     a certificate that cannot be this device's; ``reason`` is its name
├── ClaimRefused           a code that was never given, or no more: the same words for all
├── CsvRefused             a file that is no list of devices; ``reason`` is its name
├── ImportHasErrors        ``rows`` of the list cannot be taken, so none is
├── DeviceWorn             somebody wears it; nobody learns who
├── ProfileNotApplicable   no limits are known for this patient
├── NobodyResponsible      no doctor is there whom an alarm could reach
├── UnknownMetric          a metric that is not in the table
├── RangeRefused           a span of time that is none, or is too long
├── DeviceNotLetIn         no device of that id and secret, or one that was revoked
├── UnknownFormat          a format that is not in the table of codecs
├── MessageRefused         a message that cannot be read, kept in quarantine; ``reason`` is its name
├── NotTakenNow            the database took nothing in time: the same again, later
├── NothingToTake          of what lies in quarantine nothing could be taken as a reading; ``reason`` is why
├── QuarantineSettled      somebody has replayed or dismissed it
├── ReadingsTakenBefore    some of its readings were taken when it came: again they would be there twice
├── TooManyCopies          of one message in quarantine
├── QuarantineWishRefused  ``field`` cannot be taken
├── TakenOver              a colleague was faster: nothing of this doctor's is left to take over
├── AlarmWorsened          the alarm is worse now than what the person saw, or has come again
└── AlarmClosed            the alarm is resolved already
"""

from devices.readings import Reason


class MonitoringError(Exception):
    """The root; its sentence may be shown to whoever asked."""


class NotFound(MonitoringError):
    def __init__(self) -> None:
        super().__init__("There is no such thing, or not for you.")


class DeviceRefused(MonitoringError):
    """``reason`` is its name in the report of a list."""

    def __init__(self, field: str, sentence: str, reason: str = "refused") -> None:
        super().__init__(sentence)
        self.field = field
        self.reason = reason


class DeviceExists(DeviceRefused):
    def __init__(self, field: str = "id") -> None:
        what = {"id": "of this id", "serial": "of this model and serial number"}[field]
        super().__init__(field, f"A device {what} is on record already, perhaps as a revoked one.")


class DeviceStateWrong(MonitoringError):
    def __init__(self, state: str) -> None:
        super().__init__(f"The device is {state}: this cannot be done with it.")
        self.state = state


class CertificateRefused(MonitoringError):
    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class ClaimRefused(MonitoringError):
    def __init__(self) -> None:
        super().__init__("This code is wrong, used up or too old. Ask for a new one.")


class CsvRefused(MonitoringError):
    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class ImportHasErrors(MonitoringError):
    def __init__(self, rows: int) -> None:
        super().__init__(f"{rows} rows cannot be taken. Nothing was added: correct them and send the file again.")
        self.rows = rows


class DeviceWorn(MonitoringError):
    field = "device_id"

    def __init__(self) -> None:
        super().__init__("This device is worn already. End that first.")


class ProfileNotApplicable(MonitoringError):
    field = "profile"

    def __init__(self, reason: str) -> None:
        super().__init__("These limits do not apply to this patient; the device can be worn without limits.")
        self.reason = reason


class NobodyResponsible(MonitoringError):
    def __init__(self) -> None:
        super().__init__("No doctor answers for this patient yet: book a consultation first.")


class UnknownMetric(MonitoringError):
    field = "metrics"

    def __init__(self, metric: str) -> None:
        super().__init__(f"{metric[:32]!r} is no metric that we know.")


class RangeRefused(MonitoringError):
    field = "from"


class DeviceNotLetIn(MonitoringError):
    challenge = 'Basic realm="devices"'

    def __init__(self) -> None:
        super().__init__("No device of this id and secret may send.")


class UnknownFormat(MonitoringError):
    field = "format"

    def __init__(self) -> None:
        super().__init__("This format is not read.")


class MessageRefused(MonitoringError):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"The message was put into quarantine: {detail}." if detail else "It is in quarantine.")
        self.reason = reason


class NotTakenNow(MonitoringError):
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The message may not be stored. Send the same again.")


class TakenOver(MonitoringError):
    def __init__(self) -> None:
        super().__init__("Nobody of this doctor's patients is left without a doctor: somebody has taken over.")


class AlarmWorsened(MonitoringError):
    def __init__(self) -> None:
        super().__init__("The alarm is worse now than what you saw, or has come again. Look again, then acknowledge.")


class AlarmClosed(MonitoringError):
    def __init__(self) -> None:
        super().__init__("The alarm is resolved already.")


class NothingToTake(MonitoringError):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"Nothing of it can be taken: {detail}." if detail else "Nothing of it can be taken.")
        self.reason = reason


class QuarantineSettled(MonitoringError):
    def __init__(self) -> None:
        super().__init__("It is replayed or dismissed already.")


class ReadingsTakenBefore(MonitoringError):
    def __init__(self) -> None:
        super().__init__("Readings of it were taken when it came: replayed they would be there twice.")


class TooManyCopies(MonitoringError):
    def __init__(self) -> None:
        super().__init__("It has been corrected too often. Dismiss it, and let the device send again.")


class QuarantineWishRefused(MonitoringError):
    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
