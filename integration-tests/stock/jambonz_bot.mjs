// A bot made with jambonz' own SDK: an audio endpoint of its server.
//
// usage: node jambonz_bot.mjs FOLDER   (the one that holds node_modules)
//
// It says what happens in lines of JSON, and acts as pipecat_bot.py does.

import http from "node:http";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { createEndpoint } = require("@jambonz/sdk/websocket");

const CALLER_HZ = 440;
const LONG_HZ = 700;
const LAST_HZ = 1_000;

const tell = (what) => console.log(JSON.stringify(what));

function tone(rate, frequency, milliseconds) {
  const samples = new Int16Array((rate * milliseconds) / 1_000);
  for (let n = 0; n < samples.length; n += 1) {
    samples[n] = 10_000 * Math.sin((2 * Math.PI * frequency * n) / rate);
  }
  return Buffer.from(samples.buffer);
}

function isTone(samples, rate, frequency) {
  let [real, imaginary, energy] = [0, 0, 0];
  samples.forEach((sample, n) => {
    const angle = (2 * Math.PI * frequency * n) / rate;
    real += sample * Math.cos(angle);
    imaginary += sample * Math.sin(angle);
    energy += sample * sample;
  });
  const amplitude = (2 * Math.hypot(real, imaginary)) / samples.length;
  return amplitude > 800 && ((amplitude * amplitude) / 2) * samples.length > 0.8 * energy;
}

const server = http.createServer();
const quiet = { info: () => {}, error: console.error, debug: () => {} };
const makeService = createEndpoint({ server, logger: quiet });
const service = makeService.audio({ path: "/audio" });

service.on("connection", (stream) => {
  const rate = stream.sampleRate;
  let heard = Buffer.alloc(0);
  let hasSpoken = false;
  stream.on("audio", (pcm) => {
    if (hasSpoken) return;
    heard = Buffer.concat([heard, pcm]);
    if (heard.length < rate) return;
    hasSpoken = true;
    let heardMs = 0;
    for (let at = 0; at + rate / 25 <= heard.length; at += rate / 25) {
      const samples = [];
      for (let n = 0; n < rate / 25; n += 2) samples.push(heard.readInt16LE(at + n));
      if (isTone(samples, rate, CALLER_HZ)) heardMs += 20;
    }
    tell({ heard_ms: heardMs });
    stream.sendAudio(tone(rate, LONG_HZ, 500));
    stream.sendMark("here");
    stream.sendAudio(tone(rate, LONG_HZ, 10_000));
  });
  stream.on("mark", ({ name, event }) => {
    if (name === "here" && event === "playout") tell({ mark: true });
  });
  stream.on("dtmf", ({ digit }) => {
    tell({ key: digit });
    stream.killAudio();
    // A clip, as base64: it says when it is over.
    stream.playAudio(tone(rate, LAST_HZ, 800).toString("base64"), { id: "last", queuePlay: true });
  });
  stream.on("playDone", ({ id }) => {
    if (id === "last") stream.disconnect();
  });
  stream.on("close", () => {
    tell({ end: true });
    server.close();
    process.exit(0);
  });
});

server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
