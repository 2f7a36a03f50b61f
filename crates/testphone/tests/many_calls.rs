//! A hundred calls at once in one process, each with a tone of its own: every 20 ms of every call must hold its own tone.

use std::time::Duration;

use audio::measure::goertzel_dbfs;
use testphone::{CallOptions, Endpoint, EndpointConfig, FRAME_SAMPLES, Play, RATE_HZ, Script, Transport};

const CALLS: usize = 100;
const LEVEL_DBFS: f64 = -20.0;

fn frequency_hz(call: usize) -> f64 {
    300.0 + 28.0 * call as f64
}

#[tokio::test]
async fn a_hundred_calls_each_hear_their_own_tone_in_every_frame() {
    let caller = Endpoint::bind(EndpointConfig::default()).await.unwrap();
    let callee = Endpoint::bind(EndpointConfig::default()).await.unwrap();
    let answering = async {
        let mut calls = Vec::new();
        for _ in 0..CALLS {
            let incoming = callee.incoming().await.expect("a call");
            calls.push(
                incoming
                    .answer(Duration::ZERO, Script::playing(Play::Echo { delay_ms: 100, gain_db: 0.0 }))
                    .await
                    .expect("a media port"),
            );
        }
        let mut outcomes = Vec::new();
        for call in calls {
            outcomes.push(call.wait().await.expect("an outcome"));
        }
        outcomes
    };
    let calling = async {
        let mut calls = Vec::new();
        for number in 0..CALLS {
            let play = Play::Tone { frequency_hz: frequency_hz(number), dbfs: LEVEL_DBFS };
            let script = Script::playing(play).for_duration(Duration::from_secs(4));
            calls.push(
                caller.call(&callee.uri(Transport::Udp), CallOptions::default(), script).await.expect("an INVITE"),
            );
        }
        let mut outcomes = Vec::new();
        for call in calls {
            outcomes.push(call.wait().await.expect("an outcome"));
        }
        outcomes
    };
    let (placed, taken) = tokio::join!(calling, answering);
    assert_eq!(taken.len(), CALLS);
    for (number, outcome) in placed.into_iter().enumerate() {
        let log = outcome.media.expect("media");
        assert_eq!((log.received.lost, log.strays), (0, 0), "call {number}: {:?}", log.received);
        let heard = log.heard_samples();
        let settled = &heard[RATE_HZ as usize..];
        assert!(settled.len() > 2 * RATE_HZ as usize, "call {number} heard {} samples", heard.len());
        for (frame_number, frame) in settled.chunks_exact(FRAME_SAMPLES).enumerate() {
            let level = goertzel_dbfs(frame, RATE_HZ, frequency_hz(number));
            assert!((level - LEVEL_DBFS).abs() < 1.0, "call {number}, frame {frame_number}: {level} dBFS");
        }
        // Over two seconds a neighbour's tone would stand out clearly.
        let whole = &settled[..2 * RATE_HZ as usize];
        let neighbour = goertzel_dbfs(whole, RATE_HZ, frequency_hz((number + 1) % CALLS));
        assert!(neighbour < LEVEL_DBFS - 30.0, "call {number} hears its neighbour at {neighbour} dBFS");
    }
}
