//! `keyward seal` and `keyward open`: files that are damaged, and a large one.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::Stdio,
};

use aws_lc_rs::digest::{Context, SHA256};
use keyward_tests::command::Terminal;

use crate::started;

#[test]
fn a_damaged_sealed_file_leaves_nothing() {
    let (_data, local) = started();
    let orders = Terminal::of(&local, "orders");
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(orders.file("plain"), &content).unwrap();
    orders.run(&["seal", "prod-eu", "plain", "-o", "sealed"]).must_be(0);
    orders.run(&["open", "sealed", "-o", "opened"]).must_be(0);
    assert_eq!(fs::read(orders.file("opened")).unwrap(), content);
    fs::remove_file(orders.file("opened")).unwrap();
    let sealed = fs::read(orders.file("sealed")).unwrap();
    let header = sealed.windows(5).position(|window| window == b"\n--- ").unwrap();
    let flipped = |at: usize| {
        let mut bytes = sealed.clone();
        bytes[at] ^= 1;
        bytes
    };
    let other_environment = String::from_utf8_lossy(&sealed[..header]).replace(" prod-eu ", " test-us ");
    let chunk = 64 * 1024 + 16;
    let body = header + 49;
    let mut swapped = sealed.clone();
    swapped[body + 16..].rotate_left(chunk);
    let damaged = [
        ("first line", flipped(0)),
        ("stanza", flipped(60)),
        ("header's end", flipped(header + 10)),
        ("stream's nonce", flipped(body + 3)),
        ("first chunk", flipped(body + 100)),
        ("third chunk", flipped(body + 3 * chunk - 50)),
        ("last byte", flipped(sealed.len() - 1)),
        ("cut in a chunk", sealed[..sealed.len() - 1000].to_vec()),
        ("cut at a chunk", sealed[..body + 16 + 2 * chunk].to_vec()),
        ("cut in the header", sealed[..header].to_vec()),
        ("longer", [&sealed[..], b"x"].concat()),
        ("chunks moved", swapped),
        ("another environment", [other_environment.as_bytes(), &sealed[header..]].concat()),
        ("empty", Vec::new()),
        ("plain", content.clone()),
    ];
    let files = || {
        let mut names: Vec<_> =
            fs::read_dir(orders.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    for (name, bytes) in &damaged {
        fs::write(orders.file("sealed"), bytes).unwrap();
        let ended = orders.run(&["open", "sealed", "-o", "opened"]);
        assert_eq!(ended.code, 4, "{name}: {}", ended.stderr);
        assert_eq!(files(), before, "{name}");
    }
    // A file that is there keeps its content.
    fs::write(orders.file("opened"), "before").unwrap();
    orders.run(&["open", "sealed", "-o", "opened"]).must_be(4);
    assert_eq!(fs::read(orders.file("opened")).unwrap(), b"before");
    // What another tenant sealed is refused before anything is asked.
    let other = String::from_utf8_lossy(&sealed[..header]).replace(" contoso ", " fabrikam ");
    fs::write(orders.file("sealed"), [other.as_bytes(), &sealed[header..]].concat()).unwrap();
    orders.run(&["open", "sealed", "-o", "new"]).must_say(4, "another_tenant");
    println!("{} damaged files", damaged.len() + 2);
}

const MEGABYTE: usize = 1024 * 1024;

/// What came out of a command, and the most memory that it had, in kB.
struct Streamed {
    length: usize,
    digest: Vec<u8>,
    peak: u64,
}

/// Runs with its output into a file, if one is named. The memory is looked at with each part that comes.
fn streamed(terminal: &Terminal, arguments: &[&str], to: Option<&str>) -> Streamed {
    let mut child =
        terminal.command(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut file = to.map(|name| fs::File::create(terminal.file(name)).unwrap());
    let mut from = child.stdout.take().unwrap();
    let (mut context, mut length, mut peak, mut block) = (Context::new(&SHA256), 0, 0, vec![0; MEGABYTE]);
    loop {
        let read = from.read(&mut block).unwrap();
        if read == 0 {
            break;
        }
        context.update(&block[..read]);
        length += read;
        if let Some(file) = &mut file {
            file.write_all(&block[..read]).unwrap();
        }
        let status = fs::read_to_string(&status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
    }
    assert!(child.wait().unwrap().success());
    Streamed { length, digest: context.finish().as_ref().to_vec(), peak }
}

#[test]
fn a_large_file_is_streamed() {
    let (_data, local) = started();
    let orders = Terminal::of(&local, "orders");
    let mut block = vec![0; MEGABYTE];
    aws_lc_rs::rand::fill(&mut block).unwrap();
    let mut original = Context::new(&SHA256);
    let mut file = fs::File::create(orders.file("large")).unwrap();
    for number in 0..64_u8 {
        block[0] = number;
        file.write_all(&block).unwrap();
        original.update(&block);
    }
    fs::write(orders.file("small"), &block).unwrap();
    let seal = |name: &str| streamed(&orders, &["seal", "prod-eu", name], Some("sealed"));
    let open = || streamed(&orders, &["open", "sealed"], None);
    let small = (seal("small"), open());
    let large = (seal("large"), open());
    let peaks = [small.0.peak, small.1.peak, large.0.peak, large.1.peak];
    println!("most memory in kB: 1 MB sealed and opened, 64 MB sealed and opened: {peaks:?}");
    assert!(peaks.iter().all(|peak| *peak > 1000 && *peak < peaks[0].min(peaks[1]) + 8 * 1024), "{peaks:?}");
    assert_eq!((small.1.length, large.1.length), (MEGABYTE, 64 * MEGABYTE));
    assert_eq!(large.1.digest, original.finish().as_ref());
    assert!(large.0.length > 64 * MEGABYTE && large.0.length < 64 * MEGABYTE + 64 * 1024);
    // The same by standard input.
    let sealed = orders.run_with(&["seal", "prod-eu"], &[], &block).must_be(0);
    assert_eq!(orders.run_with(&["open"], &[], &sealed.stdout).must_be(0).stdout, block);
}
