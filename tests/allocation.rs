//! In steady state a line costs no allocation.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;

use dechrome::output::{Blank, Json, Selection, Text, Writer};
use dechrome::{Filter, Model, Policy};

use crate::util::PAGE;

/// Counts what each thread asks for.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// Safety: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `action` allocates.
fn allocations(action: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    action();
    COUNT.get() - before
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1]))), 1);
}

#[test]
fn lines_and_documents_are_filtered_and_written_without_allocating() {
    let others = "Ein Brief vom 3. Mai, »gelesen« von Łukasz.\n今日も船は遅れた。\n| a | b |\n\n\
                  [Karte](http://maps.example/ä) don’t\n\u{a0}\n\u{ff}Паром опоздал на 40 минут.\n";
    let page = (PAGE.to_owned() + others).repeat(200);
    let mut text = Text::new(io::sink(), Selection::Kept, Blank::Squeeze);
    assert_eq!(allocations_in_steady_state(&page, &mut text), 0);
    assert_eq!(allocations_in_steady_state(&page, &mut Json::new(io::sink())), 0);
}

fn allocations_in_steady_state(page: &str, writer: &mut impl Writer) -> u64 {
    assert!(page.lines().count() > 4000);
    let mut filter = Filter::new(Model::embedded(), Policy::default());
    let mut document = || {
        writer.begin_document("page").unwrap();
        for chunk in page.as_bytes().chunks(1 << 16) {
            filter.feed(chunk, writer).unwrap();
        }
        filter.finish(writer).unwrap();
    };
    // Buffers grow, and tables are made, at first.
    document();
    allocations(|| (0..3).for_each(|_| document()))
}
