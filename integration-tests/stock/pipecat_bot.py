"""A bot made of Pipecat's own parts: its serializer of one vendor's protocol, on a WebSocket server.

usage: pipecat_bot.py VENDOR (twilio, telnyx, plivo, exotel or vonage)

It says what happens in lines of JSON: its port, what it hears, what it is told, its end. Its part in the call: it listens to
the caller, talks for ten seconds, is interrupted by a key, says its last words, and hangs up.
"""

import asyncio
import json
import math
import sys
import time
from array import array

from loguru import logger

logger.remove()

from pipecat.frames.frames import (  # noqa: E402
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
)
from websockets.asyncio.server import serve  # noqa: E402

RATE_HZ = 16_000
CALLER_HZ, LONG_HZ, LAST_HZ = 440, 700, 1_000

MARK = {
    "twilio": lambda start: {"event": "mark", "streamSid": start["streamSid"], "mark": {"name": "here"}},
    "telnyx": lambda start: {"event": "mark", "stream_id": start["stream_id"], "mark": {"name": "here"}},
    "plivo": lambda start: {"event": "checkpoint", "streamId": start["start"]["streamId"], "name": "here"},
    "exotel": lambda start: {"event": "mark", "stream_sid": start["stream_sid"], "mark": {"name": "here"}},
    "vonage": lambda start: {"action": "notify", "payload": {"name": "here"}},
}
MARKED = {"mark", "playedStream", "websocket:notify"}


def tell(**what):
    print(json.dumps(what), flush=True)


def serializer(vendor, start):
    """The serializer as Pipecat's documentation makes it from the first messages."""
    if vendor == "twilio":
        from pipecat.serializers.twilio import TwilioFrameSerializer as Serializer

        body = start["start"]
        params = Serializer.InputParams(auto_hang_up=False)
        return Serializer(body["streamSid"], body["callSid"], params=params)
    if vendor == "telnyx":
        from pipecat.serializers.telnyx import TelnyxFrameSerializer as Serializer

        encoding = start["start"]["media_format"]["encoding"]
        params = Serializer.InputParams(auto_hang_up=False)
        return Serializer(start["stream_id"], encoding, encoding, start["start"]["call_control_id"], params=params)
    if vendor == "plivo":
        from pipecat.serializers.plivo import PlivoFrameSerializer as Serializer

        params = Serializer.InputParams(auto_hang_up=False)
        return Serializer(start["start"]["streamId"], start["start"]["callId"], params=params)
    if vendor == "exotel":
        from pipecat.serializers.exotel import ExotelFrameSerializer as Serializer

        return Serializer(start["stream_sid"], start["start"]["call_sid"])
    from pipecat.serializers.vonage import VonageFrameSerializer as Serializer

    return Serializer()


class Setup:
    """What a pipeline tells its serializer."""

    audio_in_sample_rate = RATE_HZ
    audio_out_sample_rate = RATE_HZ


def tone(frequency_hz, duration_ms):
    step = 2 * math.pi * frequency_hz / RATE_HZ
    return array("h", (int(10_000 * math.sin(step * n)) for n in range(RATE_HZ * duration_ms // 1_000)))


def is_tone(samples, frequency_hz):
    step = 2 * math.pi * frequency_hz / RATE_HZ
    real = sum(sample * math.cos(step * n) for n, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(step * n) for n, sample in enumerate(samples))
    energy = sum(sample * sample for sample in samples) or 1
    amplitude = 2 * math.hypot(real, imaginary) / len(samples)
    return amplitude > 800 and amplitude * amplitude / 2 * len(samples) > 0.8 * energy


async def say(socket, voice, frequency_hz, duration_ms):
    """In pieces of 20 ms and at once, as Pipecat's transports do it but for their pacing."""
    samples = tone(frequency_hz, duration_ms)
    piece = RATE_HZ // 50
    for at in range(0, len(samples), piece):
        audio = samples[at : at + piece].tobytes()
        message = await voice.serialize(OutputAudioRawFrame(audio=audio, sample_rate=RATE_HZ, num_channels=1))
        if message is not None:
            await socket.send(message)


async def call(socket, vendor, done):
    first = json.loads(await socket.recv())
    if first["event"] == "connected":
        first = json.loads(await socket.recv())
    voice = serializer(vendor, first)
    await voice.setup(Setup())
    heard = array("h")
    began = None
    async for message in socket:
        frame = await voice.deserialize(message)
        if isinstance(frame, InputAudioRawFrame) and began is None:
            heard.frombytes(frame.audio)
            if len(heard) >= RATE_HZ // 2:
                piece = RATE_HZ // 50
                pieces = [heard[at : at + piece] for at in range(0, len(heard) - piece + 1, piece)]
                tell(heard_ms=20 * sum(is_tone(piece, CALLER_HZ) for piece in pieces))
                await say(socket, voice, LONG_HZ, 500)
                await socket.send(await voice.serialize(OutputTransportMessageFrame(message=MARK[vendor](first))))
                await say(socket, voice, LONG_HZ, 10_000)
                began = time.monotonic()
        elif isinstance(frame, InputDTMFFrame):
            tell(key=frame.button.value)
            await socket.send(await voice.serialize(InterruptionFrame()))
            await say(socket, voice, LAST_HZ, 800)
            await socket.close()
        elif isinstance(message, str) and json.loads(message)["event"] in MARKED:
            tell(mark=True)
    tell(end=True)
    done.set()


async def main():
    vendor = sys.argv[1]
    done = asyncio.Event()
    async with serve(lambda socket: call(socket, vendor, done), "127.0.0.1", 0) as server:
        tell(port=server.sockets[0].getsockname()[1])
        await done.wait()


asyncio.run(main())
