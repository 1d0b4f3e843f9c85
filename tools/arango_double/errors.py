"""ArangoDB's errors: the HTTP status, the error number and the text of each that the double can answer with."""


class ArangoError(Exception):
    """An answer that is an error. `extra` goes into the body of the answer beside it."""

    def __init__(self, number: int, message: str | None = None, **extra: object) -> None:
        status, text = _KNOWN[number]
        super().__init__(message or text)
        self.status = status
        self.number = number
        self.message = message or text
        self.extra = extra

    def body(self) -> dict[str, object]:
        """The body of the whole answer."""
        return {"error": True, "code": self.status, "errorNum": self.number, "errorMessage": self.message, **self.extra}

    def element(self) -> dict[str, object]:
        """The error as one element of a batch's answer."""
        return {"error": True, "errorNum": self.number, "errorMessage": self.message, **self.extra}


NOT_AUTHORIZED = 11
BAD_PARAMETER = 10
FORBIDDEN = 1004
CONFLICT = 1200
DOCUMENT_NOT_FOUND = 1202
NO_COLLECTION = 1203
DUPLICATE_NAME = 1207
UNIQUE_VIOLATED = 1210
NO_INDEX = 1212
BAD_KEY = 1221
BAD_DOCUMENT = 1227
NO_DATABASE = 1228
USE_SYSTEM_DATABASE = 1230
PARSE = 1501
UNKNOWN_FUNCTION = 1540
WRONG_ARGUMENTS = 1541
BIND_MISSING = 1551
BIND_UNKNOWN = 1552
NO_CURSOR = 1600
NO_TRANSACTION = 1655
TRANSACTION_ABORTED = 1654
DUPLICATE_USER = 1702
NO_USER = 1703
UNAVAILABLE = 503
NOT_FOUND = 404
BAD_JSON = 600

# number -> (HTTP status, text); the texts as the server's error list has them
_KNOWN: dict[int, tuple[int, str]] = {
    NOT_AUTHORIZED: (401, "not authorized to execute this request"),
    BAD_PARAMETER: (400, "bad parameter"),
    FORBIDDEN: (403, "read only"),
    CONFLICT: (409, "conflict"),
    DOCUMENT_NOT_FOUND: (404, "document not found"),
    NO_COLLECTION: (404, "collection or view not found"),
    DUPLICATE_NAME: (409, "duplicate name"),
    UNIQUE_VIOLATED: (409, "unique constraint violated"),
    NO_INDEX: (404, "index not found"),
    BAD_KEY: (400, "illegal document key"),
    BAD_DOCUMENT: (400, "invalid document type"),
    NO_DATABASE: (404, "database not found"),
    USE_SYSTEM_DATABASE: (403, "operation only allowed in system database"),
    PARSE: (400, "syntax error"),
    UNKNOWN_FUNCTION: (400, "usage of unknown function"),
    WRONG_ARGUMENTS: (400, "invalid number of arguments for function"),
    BIND_MISSING: (400, "no value specified for declared bind parameter"),
    BIND_UNKNOWN: (400, "bind parameter was not declared in the query"),
    NO_CURSOR: (404, "cursor not found"),
    NO_TRANSACTION: (404, "transaction not found"),
    TRANSACTION_ABORTED: (410, "transaction aborted"),
    DUPLICATE_USER: (409, "duplicate user"),
    NO_USER: (404, "user not found"),
    UNAVAILABLE: (503, "service unavailable"),
    NOT_FOUND: (404, "unknown path"),
    BAD_JSON: (400, "invalid JSON object"),
}
