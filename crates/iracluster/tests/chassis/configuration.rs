use std::process::{Command, Output};

use crate::setup::program;

fn output(args: &[&str]) -> Output {
    Command::new(program()).args(args).output().unwrap()
}

#[test]
fn a_bad_configuration_ends_with_64_and_one_sentence() {
    let cases = [
        (["--log-format=yaml"], r#"echo-service: log-format = "yaml" is not allowed; use one of text, json"#),
        (["--work-max=11"], r#"echo-service: work-max = "11" is not allowed: 11 is not in 1..=10"#),
        (
            ["--nats-creds=/does/not/exist"],
            r#"echo-service: nats-creds = "/does/not/exist" cannot be read: No such file or directory (os error 2)"#,
        ),
    ];
    for (args, sentence) in cases {
        let output = output(&args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().last(), Some(sentence), "{args:?}: {text}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_configuration_can_be_printed() {
    let output = output(&["--print-config", "--work-max=7"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("work-max = 7  # --work-max\n"), "{text}");
}
