//! A Rust peer for the benchmark, behind the line protocol of run.py (see protocol.h).
//!
//! It does what the Python tool's Rust module does with a list of files, in the way that one
//! does it: canonicalize each path to find the common directory, read and hash in
//! parallel with rayon, whole files in memory, sha2 for the digests; then put together in
//! order. The search before it is walkdir's, which is the fastest that one would write.
//!
//! Keys of a request: dir, threads (0: one per processor), verify=1.

use rayon::prelude::*;
use rayon::ThreadPool;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

const BAR: &str = "-- ============================================\n";

/// What one repetition of an operation left behind.
enum Made {
    Paths(Vec<String>),
    Digest(String),
    Schema(String),
}

fn find(dir: &str) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.map_err(|e| e.to_string())?;
        if entry.file_type().is_file() {
            let path = entry
                .path()
                .to_str()
                .ok_or_else(|| format!("{}: not UTF-8", entry.path().display()))?;
            if path.ends_with(".sql") {
                files.push(path.to_owned());
            }
        }
    }
    Ok(files)
}

/// The longest prefix, in whole components, of all paths with their links resolved.
fn common_directory(paths: &[PathBuf]) -> PathBuf {
    match paths {
        [] => return PathBuf::from("."),
        [only] => return only.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf),
        _ => {}
    }
    let resolved: Vec<PathBuf> = paths
        .iter()
        .map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()))
        .collect();
    let split: Vec<Vec<&std::ffi::OsStr>> =
        resolved.iter().map(|path| path.iter().collect()).collect();
    let shortest = split.iter().map(Vec::len).min().unwrap_or(0);
    let shared = (0..shortest)
        .take_while(|&level| split.iter().all(|parts| parts[level] == split[0][level]))
        .count();
    if shared == 0 {
        return PathBuf::from(".");
    }
    split[0][..shared].iter().collect()
}

fn name<'a>(path: &'a Path, base: &Path) -> std::borrow::Cow<'a, str> {
    path.strip_prefix(base).unwrap_or(path).to_string_lossy()
}

fn hash_files(files: Vec<String>) -> Result<String, String> {
    let paths: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let base = common_directory(&paths);
    let digests: Result<Vec<Vec<u8>>, String> = paths
        .par_iter()
        .map(|path| {
            let bytes = fs::read(path).map_err(|e| format!("{}: {}", path.display(), e))?;
            let mut sha = Sha256::new();
            sha.update(name(path, &base).as_bytes());
            sha.update(b"\0");
            sha.update(&bytes);
            sha.update(b"\0");
            Ok(sha.finalize().to_vec())
        })
        .collect();
    let mut outer = Sha256::new();
    for digest in digests? {
        outer.update(&digest);
    }
    Ok(format!("{:x}", outer.finalize()))
}

fn build_schema(files: Vec<String>) -> Result<String, String> {
    let mut schema = String::with_capacity(10_000_000);
    let paths: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let base = common_directory(&paths);
    let texts: Result<Vec<String>, String> = paths
        .par_iter()
        .map(|path| fs::read_to_string(path).map_err(|e| format!("{}: {}", path.display(), e)))
        .collect();
    for (path, text) in paths.iter().zip(texts?) {
        schema.push('\n');
        schema.push_str(BAR);
        schema.push_str(&format!("-- File: {}\n", name(path, &base)));
        schema.push_str(BAR);
        schema.push('\n');
        schema.push_str(&text);
        if !text.ends_with('\n') {
            schema.push('\n');
        }
    }
    if !schema.ends_with('\n') {
        schema.push('\n');
    }
    Ok(schema)
}

fn run(operation: &str, dir: &str) -> Option<Result<Made, String>> {
    match operation {
        "find" => Some(find(dir).map(Made::Paths)),
        "hash_tree" => Some(find(dir).and_then(hash_files).map(Made::Digest)),
        "build" => Some(find(dir).and_then(build_schema).map(Made::Schema)),
        _ => None,
    }
}

/// (digest, files, bytes)
fn result(made: &Made, dir: &str) -> (String, usize, usize) {
    match made {
        Made::Digest(hex) => (hex.clone(), 0, 0),
        Made::Schema(text) => (format!("{:x}", Sha256::digest(text.as_bytes())), 0, text.len()),
        Made::Paths(paths) => {
            let mut sha = Sha256::new();
            for path in paths {
                sha.update(name(Path::new(path), Path::new(dir)).as_bytes());
                sha.update(b"\0");
            }
            (format!("{:x}", sha.finalize()), paths.len(), 0)
        }
    }
}

fn serve(line: &str, pools: &mut HashMap<usize, ThreadPool>) -> Result<String, String> {
    let mut fields = line.split('\t');
    let operation = fields.next().unwrap_or("");
    let repetitions: usize = fields.next().and_then(|n| n.parse().ok()).unwrap_or(1).max(1);
    let keys: HashMap<&str, &str> = fields.filter_map(|field| field.split_once('=')).collect();
    let dir = keys.get("dir").copied().unwrap_or(".");
    let threads: usize = keys.get("threads").and_then(|n| n.parse().ok()).unwrap_or(0);

    if !pools.contains_key(&threads) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pools.insert(threads, pool.map_err(|e| e.to_string())?);
    }
    let pool = &pools[&threads];

    let mut times = Vec::with_capacity(repetitions);
    let mut last = None;
    for _ in 0..repetitions {
        drop(last.take());
        let start = Instant::now();
        let made = match pool.install(|| run(operation, dir)) {
            None => return Ok("no\tno such operation".to_owned()),
            Some(made) => made?,
        };
        times.push(start.elapsed().as_nanos().to_string());
        last = Some(made);
    }
    let (digest, files, bytes) = match &last {
        Some(made) if keys.get("verify") == Some(&"1") => result(made, dir),
        _ => ("-".to_owned(), 0, 0),
    };
    Ok(format!("ok\t{}\t{}\t{}\t{}", digest, files, bytes, times.join(",")))
}

fn main() {
    let mut pools = HashMap::new();
    let stdout = io::stdout();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let reply = serve(&line, &mut pools)
            .unwrap_or_else(|e| format!("error\t{}", e.replace(['\n', '\t'], " ")));
        let mut out = stdout.lock();
        if writeln!(out, "{}", reply).and_then(|()| out.flush()).is_err() {
            break;
        }
    }
}
