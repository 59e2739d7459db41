"""A real call without a browser: two WebRTC peers that know each other only through the hub."""

import asyncio
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame

from tests.signaling.hospital import VISIT, Page, doctor, hospital, patient, until


class Caller:
    """A peer that signals like a browser: a description without candidates, then each candidate by itself."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.said: list[str] = []
        self.tracks: list[MediaStreamTrack] = []
        self.peer.on("track", self.tracks.append)
        self.peer.on("datachannel", self._listen)
        page.io.on("signal", self._signal)
        self.peer.addTrack(AudioStreamTrack())

    def open_channel(self) -> RTCDataChannel:
        channel = self.peer.createDataChannel("notes")
        self._listen(channel)
        return channel

    async def call(self) -> None:
        await self._describe(await self.peer.createOffer())

    def _listen(self, channel: RTCDataChannel) -> None:
        channel.on("message", self.said.append)

    async def _signal(self, said: dict[str, Any]) -> None:
        if "candidate" in said:
            candidate = candidate_from_sdp(said["candidate"]["candidate"].removeprefix("candidate:"))
            candidate.sdpMid = said["candidate"]["sdpMid"]
            await self.peer.addIceCandidate(candidate)
            return
        await self.peer.setRemoteDescription(RTCSessionDescription(**said["description"]))
        if said["description"]["type"] == "offer":
            await self._describe(await self.peer.createAnswer())

    async def _describe(self, description: RTCSessionDescription) -> None:
        await self.peer.setLocalDescription(description)
        local = self.peer.localDescription
        lines = local.sdp.splitlines(keepends=True)
        bare = "".join(line for line in lines if not line.startswith(("a=candidate", "a=end-of-candidates")))
        assert (await self._page.ask("signal", room=VISIT, description={"type": local.type, "sdp": bare}))["ok"]
        for candidate in (line[2:].strip() for line in lines if line.startswith("a=candidate")):
            carried = {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0}
            assert (await self._page.ask("signal", room=VISIT, candidate=carried))["ok"]


async def test_two_peers_find_each_other_through_the_hub_and_talk() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        calling, called = Caller(d), Caller(p)
        try:
            await d.ask("join", room=VISIT)
            await p.ask("join", room=VISIT)
            channel = calling.open_channel()
            await calling.call()
            await until(lambda: calling.peer.connectionState == called.peer.connectionState == "connected", 20)
            await until(lambda: channel.readyState == "open")
            channel.send("can you hear me")
            await until(lambda: called.said == ["can you hear me"])
            for side in (calling, called):
                frame = await asyncio.wait_for(side.tracks[0].recv(), 10)
                assert isinstance(frame, AudioFrame)
        finally:
            await asyncio.gather(calling.peer.close(), called.peer.close())
