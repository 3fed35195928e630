//! A program that puts much and ends. Its first argument says how: it returns, or exits. The second one says who puts:
//! the main thread, the threads of a batch, or those that work for tasks. What its storage has put off is done then. Its log is
//! on standard error.

use memento::memento;
// Nothing else of them is used: they are there because the program depends on them.
use memento_storage_fs as _;
use memento_storage_layers as _;
use memento_storage_tiers as _;

const LENGTH: usize = 1 << 18;

#[memento]
fn large(n: u8) -> Vec<u8> {
    vec![n; LENGTH]
}

#[memento]
async fn large_in_a_task(n: u8) -> Vec<u8> {
    std::future::ready(vec![n; LENGTH]).await
}

fn main() {
    let warnings = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN);
    warnings.with_ansi(false).with_writer(std::io::stderr).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [end, who] = &*arguments else { panic!("{arguments:?} are no end and who puts") };
    let values: Vec<Vec<u8>> = match &**who {
        "calls" => (0..20).map(large).collect(),
        "batch" => large::try_map((0..20).map(|n| (n,))).unwrap(),
        "task" => futures_executor::block_on(async {
            let mut values = Vec::new();
            for n in 0..20 {
                values.push(large_in_a_task(n).await);
            }
            values
        }),
        "tasks" => {
            let values = large_in_a_task::try_map((0..20).map(|n| (n,)));
            futures_executor::block_on(values).unwrap()
        }
        other => panic!("{other} does not put"),
    };
    assert_eq!(values.concat().len(), 20 * LENGTH);
    if end == "exit" {
        std::process::exit(0);
    }
}
