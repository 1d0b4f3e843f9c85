"""The first connection to a cluster, and in words why there is none: aiokafka only logs that."""

import ssl
from collections.abc import Awaitable, Callable

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.ports import LeadflowError, Unavailable


class TurnedAway(LeadflowError):
    """The brokers refuse this user, or we do not trust them. Waiting does not help; never quotes a password."""


async def connect(start: Callable[[], Awaitable[None]], options: KafkaOptions) -> None:
    """Start a client of aiokafka. Raises Unavailable when no broker answers, TurnedAway."""
    what = f"connecting to {options.bootstrap}"
    async with deadline(options.call_timeout, what):
        try:
            await start()
        except KafkaConnectionError as error:
            raise Unavailable(f"{what}: no broker can be reached: {await _reason(options)}") from error


async def _reason(options: KafkaOptions) -> str:
    """Knock at every address once more: what the last one answered. Raises TurnedAway where one is decided."""
    arguments = options.connection()
    reasons = ["none is named"]
    for host, port, _ in collect_hosts(arguments.pop("bootstrap_servers")):
        try:
            connection = await create_conn(host, port, **arguments)
        except ssl.SSLCertVerificationError as error:
            raise TurnedAway(
                f"{host}:{port} shows a certificate that is not trusted: {error.verify_message}: "
                "name the file of its authority, and the broker as its certificate does"
            ) from None
        except (SaslAuthenticationFailed, UnsupportedSaslMechanismError) as error:
            raise TurnedAway(f"{host}:{port} refuses the user {options.username!r}: {error}") from None
        except KafkaConnectionError as error:
            reasons.append(f"{error}; does it speak {_spoken(options)}?")
        except (OSError, KafkaError) as error:
            reasons.append(str(error))
        else:
            connection.close()
            reasons.append(f"{host}:{port} answers only now")
    return reasons[-1]


def _spoken(options: KafkaOptions) -> str:
    """What a broker that closes the connection may not speak."""
    bare = options.security == "ssl" and not options.cert_file
    return f"{options.security} without a certificate of the client" if bare else options.security
