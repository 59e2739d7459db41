"""Stands for the push service that no test reaches: a browser subscribes to it, and is known until it unsubscribes."""

import json
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.people import Person

ENDPOINT = "https://fcm.googleapis.com/fcm/send/the-desk"
_IN_THE_BROWSER = """
if (window.PushManager) {
  const kept = () => localStorage.getItem('push-service') !== null;
  const made = {
    toJSON: () => (%s),
    unsubscribe: async () => { localStorage.removeItem('push-service'); return true; },
  };
  PushManager.prototype.subscribe = async () => { localStorage.setItem('push-service', 'knows it'); return made; };
  PushManager.prototype.getSubscription = async () => (kept() ? made : null);
}
"""


async def reach_push_service(person: Person, origin: str) -> None:
    """From the next page on."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    uncompressed = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    given = {"endpoint": ENDPOINT, "keys": {"p256dh": _base64(uncompressed), "auth": _base64(bytes(16))}}
    await person.context.add_init_script(_IN_THE_BROWSER % json.dumps(given))
    await person.context.grant_permissions(["notifications"], origin=origin)


async def subscribed(person: Person) -> bool:
    known: bool = await person.page.evaluate("() => localStorage.getItem('push-service') !== null")
    return known


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
