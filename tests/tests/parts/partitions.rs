//! Many values, of which each is read by itself.

use std::future::ready;

use memento::codec::{Codec, Json};
use memento::storage::DataStore as _;
use memento::{
    Blob, Digest, Environment, Explanation, LocalRunner, Name, Partition, Storage, memento,
};
use memento_tests::parts::{Asked, RUNS, Stores, by_day, report, table};

use crate::run;

#[memento]
fn as_json(count: u64) -> memento::Result<Partition<u64, String, Json>> {
    RUNS.add();
    let mut texts = Partition::default();
    for n in 0..count {
        texts.insert(n, &n.to_string())?;
    }
    Ok(texts)
}

#[memento]
async fn later(count: u64) -> memento::Result<Partition<u64, Vec<u64>>> {
    RUNS.add();
    let mut tables = Partition::new();
    for n in 0..count {
        tables.insert(n, &ready(table(n)).await)?;
    }
    Ok(tables)
}

#[memento]
fn last(days: &Partition<u64, Vec<u64>>) -> u64 {
    RUNS.add();
    days.keys().next_back().copied().unwrap_or_default()
}

/// The same days, whatever the number.
#[memento]
fn same_days(number: u64) -> memento::Result<Partition<u64, Vec<u64>>> {
    RUNS.add();
    let mut days = Partition::new();
    days.insert(7, &vec![number / 100])?;
    Ok(days)
}

#[test]
fn one_value_is_one_read() {
    RUNS.alone(|| {
        let stores = Stores::default();
        let (first, runs) = run(|| stores.fresh().enter(|| by_day(0).unwrap()));
        assert_eq!((first.len(), runs), (10, 1));
        let asked = stores.data.take();
        assert_eq!(
            asked,
            Asked { writes: 10 + 1, ..asked },
            "values, and what the version is made of"
        );
        stores.fresh().enter(|| {
            let (days, runs) = run(|| by_day(0).unwrap());
            assert_eq!((&days, runs), (&first, 0));
            assert_eq!(stores.data.take(), Asked { looks: 1, ..Asked::default() });
            assert_eq!(days.get(&3).unwrap(), Some(table(3)));
            assert_eq!(stores.data.take(), Asked { reads: 1, ..Asked::default() });
            assert_eq!((days.get(&77).unwrap(), days.contains_key(&77)), (None, false));
            assert!(days.keys().copied().eq(0..10));
            assert_eq!(by_day(0).unwrap(), first, "from memory");
            assert_eq!(stores.data.take(), Asked::default());
            let mut all = days.iter();
            let (key, value) = all.next().unwrap();
            assert_eq!((*key, value.unwrap(), all.len()), (0, table(0), 9));
            assert_eq!(stores.data.take(), Asked { reads: 1, ..Asked::default() });
            assert!(all.all(|(day, value)| value.unwrap() == table(*day)));
            let (first, last) = (days.iter().next().unwrap(), days.iter().next_back().unwrap());
            assert_eq!((first.0, last.0), (&0, &9));
        });
    });
}

#[test]
fn extending_copies_and_reads_nothing() {
    RUNS.alone(|| {
        let stores = Stores::default();
        stores.fresh().enter(|| by_day(0).unwrap());
        stores.data.take();
        let (days, runs) = run(|| stores.fresh().enter(|| by_day(2).unwrap()));
        assert_eq!((days.len(), runs), (30, 2));
        let asked = stores.data.take();
        assert_eq!((asked.reads, asked.writes), (0, 20 + 1));
        stores.fresh().enter(|| {
            let days = by_day(2).unwrap();
            stores.data.take();
            for day in 0..30 {
                assert_eq!(days.get(&day).unwrap(), Some(table(day)));
            }
            assert_eq!(stores.data.take().reads, 30);
            assert_eq!(by_day(0).unwrap().len(), 10, "the parent is what it was");
        });
    });
}

#[test]
fn values_take_each_others_places_and_can_be_left_out() {
    let mut days = Partition::<u64, Vec<u64>>::new();
    assert!(days.is_empty());
    assert!(!days.insert(1, &table(1)).unwrap());
    let parent = days.clone();
    let mut child = Partition::extending(&parent);
    assert!(child.insert(1, &table(2)).unwrap());
    assert!(!child.insert(2, &table(2)).unwrap());
    assert_eq!((parent.get(&1).unwrap(), parent.len()), (Some(table(1)), 1));
    assert_eq!((child.get(&1).unwrap(), child.len()), (Some(table(2)), 2));
    assert_eq!(child.digest(&1), child.digest(&2), "the same bytes");
    assert_ne!(child, parent);
    assert!(child.remove(&2) && !child.remove(&2));
    child.insert(1, &table(1)).unwrap();
    assert_eq!(child, parent);
    assert!(format!("{child:?}").starts_with("Partition {1: "), "{child:?}");
}

#[test]
fn the_codec_of_values_is_chosen_by_type() {
    RUNS.alone(|| {
        let stores = Stores::default();
        let texts = stores.fresh().enter(|| as_json(3).unwrap());
        assert_eq!(texts.digest(&2), Some(Digest::of(b"\"2\"")));
        stores.fresh().enter(|| assert_eq!(as_json(3).unwrap().get(&2).unwrap().unwrap(), "2"));
    });
}

#[test]
fn async_functions_and_batches_have_parts_alike() {
    RUNS.alone(|| {
        let stores = Stores::default();
        let get = || futures_executor::block_on(later(3)).unwrap().get(&2).unwrap();
        assert_eq!(run(|| stores.fresh().enter(get)), (Some(table(2)), 1));
        assert_eq!(run(|| stores.fresh().enter(get)), (Some(table(2)), 0));

        let numbers = [10_u64, 11, 10, 12];
        let all = || report::map(numbers.map(|n| (n,)));
        let (_, runs) = run(|| stores.fresh().enter(all));
        assert_eq!(runs, 3 + 3, "of each, the report and its lines");
        let (reports, runs) = run(|| stores.fresh().enter(all));
        assert_eq!(runs, 0);
        for (result, n) in reports.into_iter().zip(numbers) {
            let report = result.unwrap().unwrap();
            assert_eq!(report.tables.get("b").unwrap(), Some(table(n + 1)));
        }
    });
}

#[test]
fn as_an_argument_it_stands_for_its_values() {
    RUNS.alone(|| {
        let stores = Stores::default();
        stores.fresh().enter(|| {
            let (one, other) = (same_days(1).unwrap(), same_days(2).unwrap());
            assert_eq!(run(|| last(&one)), (7, 1));
            assert_eq!(run(|| last(&other)), (7, 0), "the same values are the same argument");
            assert_eq!(last::explain(&other).unwrap(), Explanation::Hit);
            let mut more = Partition::extending(&one);
            more.insert(9, &table(9)).unwrap();
            assert_eq!(run(|| last(&more)), (9, 1));
        });
    });
}

/// What serde writes outside of any function can be read back by whoever has the store.
#[test]
fn outside_of_functions_it_is_keys_and_digests() {
    RUNS.alone(|| {
        let stores = Stores::default();
        stores.fresh().enter(|| {
            let days = by_day(0).unwrap();
            let mut json = Vec::new();
            Json::encode(&days, &mut json).unwrap();
            let read: Partition<u64, Vec<u64>> = Json::decode(&json).unwrap();
            assert_eq!(read, days);
            assert_eq!(read.get(&4).unwrap(), Some(table(4)));
            let text = String::from_utf8(json).unwrap();
            let digest = days.digest(&0).unwrap();
            assert!(
                text.starts_with(&format!("[[0,{{\"digest\":\"{digest}\",\"size\":")),
                "{text}"
            );
        });
    });
}

/// Files as values of a partition: parts behind parts.
#[memento]
fn album(pages: Vec<Blob>) -> memento::Result<Partition<u64, Blob>> {
    RUNS.add();
    let mut album = Partition::new();
    for (n, page) in (0..).zip(&pages) {
        album.insert(n, page)?;
    }
    Ok(album)
}

fn page(text: &str) -> Blob {
    Blob::from_reader(text.as_bytes()).unwrap()
}

fn assert_whole(album: &Partition<u64, Blob>) {
    for (n, text) in (0..).zip(["one", "two"]) {
        let page = album.get(&n).unwrap().expect("a page");
        assert_eq!(page.read().unwrap(), text.as_bytes());
    }
}

#[test]
fn parts_behind_parts_are_where_those_in_front_are() {
    let pages = || vec![page("one"), page("two")];
    RUNS.alone(|| {
        let stores = Stores::default();
        let (made, runs) = run(|| stores.fresh().enter(|| album(pages()).unwrap()));
        assert_eq!(runs, 1);
        assert_whole(&made);
        let (found, runs) = run(|| stores.fresh().enter(|| album(pages()).unwrap()));
        assert_eq!(runs, 0);
        // Outside of any environment that has them.
        assert_whole(&found);
        let elsewhere = Environment::new(Storage::null(), LocalRunner::new());
        elsewhere.enter(|| assert_whole(&found));
        // Nowhere but in the value.
        assert_whole(&elsewhere.enter(|| album(pages()).unwrap()));
        let mut own = Partition::<u64, Blob>::new();
        pages().iter().zip(0..).for_each(|(page, n)| assert!(!own.insert(n, page).unwrap()));
        assert_whole(&own);
    });
}

#[test]
fn a_part_behind_a_part_that_is_gone_is_a_miss() {
    RUNS.alone(|| {
        let stores = Stores::default();
        let call =
            || run(|| stores.fresh().enter(|| album(vec![page("one"), page("two")]).unwrap()));
        assert_eq!(call().1, 1);
        assert!(stores.data.remove(&Name::of_result(&Digest::of(b"two"))).unwrap());
        let (found, runs) = call();
        assert_eq!(runs, 1);
        assert_whole(&found);
        assert_eq!(call().1, 0);
    });
}
