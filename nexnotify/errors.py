"""Faults that reach a client. A refusal inside the house is a value; these are for the edges."""

from collections.abc import Mapping

from nexnotify.words import Phrase


class NexnotifyError(Exception):
    """Something went wrong."""

    status = 500
    code = "error"

    def __init__(self, message: str = "", *, fields: Mapping[str, str] | None = None, code: str | None = None) -> None:
        super().__init__(message or Phrase((type(self).__doc__ or "").split("\n")[0]))
        self.message: str = self.args[0]
        #: field name → what to do about it
        self.fields = dict(fields or {})
        if code:
            self.code = code

    def as_json(self) -> dict[str, object]:
        """The one JSON shape of every error."""
        return {"error": {"code": self.code, "message": self.message, "fields": self.fields}}


class Invalid(NexnotifyError):
    """Some fields are not right; see `fields`."""

    status = 422
    code = "invalid"


class BadRequest(NexnotifyError):
    """The request could not be read."""

    status = 400
    code = "bad_request"


class Unauthorised(NexnotifyError):
    """Send a valid API key as `Authorization: Bearer <api_key>`."""

    status = 401
    code = "unauthorised"


class Forbidden(NexnotifyError):
    """You may not do this."""

    status = 403
    code = "forbidden"


class NotFound(NexnotifyError):
    """There is no such thing in this store."""

    status = 404
    code = "not_found"


class Conflict(NexnotifyError):
    """This does not fit the present state."""

    status = 409
    code = "conflict"


class TooLarge(NexnotifyError):
    """The request body is too large; send fewer rows at a time."""

    status = 413
    code = "too_large"


class TooMany(NexnotifyError):
    """Too many requests; try again later."""

    status = 429
    code = "too_many"


class Unavailable(NexnotifyError):
    """We cannot reach our database at the moment; please send the same again."""

    status = 503
    code = "unavailable"
