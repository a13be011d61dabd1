//! Measures the store on this machine's disk: CPU per commit and per read, and what a dropped bucket costs those who
//! issue meanwhile. `cargo run --release -p chancela-store-sqlite --example measure [directory [tasks]]`
//! (`0` tasks: the bucket alone).

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use chancela_core::effect::Effect;
use chancela_core::time::Timestamp;
use chancela_store::Store;
use chancela_store::conformance::samples::{NOW, Random, token};
use chancela_store_sqlite::{Options, SqliteStore};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const TIME: Duration = Duration::from_secs(3);

fn main() {
    let base = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::TempDir::new_in(base).unwrap();
    let open =
        |name: &str| Arc::new(SqliteStore::open(&directory.path().join(name), Options::default()).unwrap());
    let store = open("empty");
    println!("memory of an open, empty store: {} KiB", memory());
    drop(store);
    println!("size of an effect: {} B", size_of::<Effect>());
    let only: Option<u64> = std::env::args().nth(2).and_then(|tasks| tasks.parse().ok());
    for tasks in only.map_or(vec![1, 64, 256], |tasks| vec![tasks]).into_iter().filter(|tasks| *tasks > 0) {
        for (name, runtime) in runtimes() {
            let store = open(&format!("{name}-{tasks}"));
            commits(name, &runtime, &store, tasks);
            if tasks == 64 {
                reads(name, &runtime, &store);
            }
        }
    }
    drop_bucket(&runtimes()[1].1, &open("drop"));
}

fn runtimes() -> [(&'static str, Runtime); 2] {
    let current = Builder::new_current_thread().enable_all().build().unwrap();
    let multi = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    [("current-thread", current), ("multi-thread", multi)]
}

fn commits(name: &str, runtime: &Runtime, store: &Arc<SqliteStore>, tasks: u64) {
    let (counter, start, cpu, written) = (Arc::new(AtomicU64::new(0)), Instant::now(), cpu(), written());
    runtime.block_on(async {
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..tasks {
            let (store, counter) = (Arc::clone(store), Arc::clone(&counter));
            set.spawn(async move {
                while start.elapsed() < TIME {
                    insert(&store, counter.fetch_add(1, Relaxed)).await;
                }
            });
        }
        set.join_all().await;
    });
    report(&format!("{name}, {tasks} tasks, commits"), counter.load(Relaxed), start, cpu);
    println!("    written: {} B each", (self::written() - written) / counter.load(Relaxed).max(1));
}

async fn insert(store: &SqliteStore, n: u64) {
    let mut token = token(n, NOW, 300);
    token.key.tick += (n / 500).cast_signed(); // 32,000 a second
    let _ = store.commit(vec![Effect::InsertAccessToken(token)]).await.unwrap();
}

fn reads(name: &str, runtime: &Runtime, store: &Arc<SqliteStore>) {
    let (counter, start, cpu) = (Arc::new(AtomicU64::new(0)), Instant::now(), cpu());
    runtime.block_on(async {
        let mut set = tokio::task::JoinSet::new();
        for seed in 0..64 {
            let (store, counter) = (Arc::clone(store), Arc::clone(&counter));
            set.spawn(async move {
                let mut random = Random(seed);
                while start.elapsed() < TIME {
                    let n = random.below(20_000);
                    let mut key = token(n, NOW, 300).key;
                    key.tick += (n / 500).cast_signed();
                    assert!(store.access_token(key).await.unwrap().is_some());
                    counter.fetch_add(1, Relaxed);
                }
            });
        }
        set.join_all().await;
    });
    report(&format!("{name}, 64 tasks, reads"), counter.load(Relaxed), start, cpu);
}

/// One bucket of a million rows goes while 16 tasks issue.
fn drop_bucket(runtime: &Runtime, store: &Arc<SqliteStore>) {
    let mut random = Random(1);
    runtime.block_on(async {
        for n in 0..500 {
            let mut list = Vec::with_capacity(2000);
            for _ in 0..2000 {
                let mut token = token(random.word(), NOW - 2000, 300);
                token.key.tick = token.key.tick.div_euclid(2048) * 2048 + n * 4;
                list.push(Effect::InsertAccessToken(token));
            }
            let _ = store.commit(list).await.unwrap();
        }
        for expiring in [false, true] {
            let (stop, latencies) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
            let mut set = tokio::task::JoinSet::new();
            for task in 0..16 {
                let (store, stop, latencies) = (Arc::clone(store), Arc::clone(&stop), Arc::clone(&latencies));
                set.spawn(async move {
                    let (mut n, mut own) = (task * 1_000_000, Vec::new());
                    while !stop.load(Relaxed) {
                        let start = Instant::now();
                        insert(&store, n).await;
                        own.push(start.elapsed());
                        n += 1;
                    }
                    latencies.lock().unwrap().extend(own);
                });
            }
            let (start, mut calls, mut rows, mut more, cpu) =
                (Instant::now(), Vec::new(), 0, expiring, cpu());
            while more {
                let call = Instant::now();
                let expired = store.expire(Timestamp::from_seconds(NOW)).await.unwrap();
                calls.push(call.elapsed());
                (rows, more) = (rows + expired.rows, expired.more);
            }
            let took = start.elapsed();
            if !expiring {
                tokio::time::sleep(TIME).await;
            }
            let cpu = self::cpu() - cpu;
            stop.store(true, Relaxed);
            set.join_all().await;
            println!("expiring {rows} rows: {took:?}, cpu of everything {cpu:?}");
            println!("    {} calls: {}", calls.len(), spread(&mut calls));
            let mut latencies = latencies.lock().unwrap();
            println!("    {} inserts beside it: {}", latencies.len(), spread(&mut latencies));
        }
    });
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    format!("p50 {:?}, p99 {:?}, max {:?}", at(0.5), at(0.99), times.last().copied().unwrap_or_default())
}

fn report(what: &str, count: u64, start: Instant, cpu: Duration) {
    let (elapsed, cpu) = (start.elapsed(), self::cpu() - cpu);
    let rate = count as f64 / elapsed.as_secs_f64();
    println!("{what}: {rate:.0}/s, CPU {:.2} us each", cpu.as_secs_f64() * 1e6 / count.max(1) as f64);
}

/// CPU time of this process, from proc(5) `stat` (in 1/100 s).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn memory() -> u64 {
    field("/proc/self/status", "VmRSS:")
}

fn written() -> u64 {
    field("/proc/self/io", "wchar:")
}

fn field(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
