//! Ids of documents and passages. An id contains that of what it belongs to, so that all of an owner, of a document or of a
//! block are a range, which needs no other table.

/// Bits for the number of a document among its owner's.
const DOCUMENT_BITS: u32 = 24;
/// Bits for the position of a passage in its document.
const POSITION_BITS: u32 = 20;
/// Bits for the position of a passage in its block of bits.
const BLOCK_BITS: u32 = 10;

/// How many documents an owner can have had.
pub(super) const MAX_DOCUMENTS: i64 = 1 << DOCUMENT_BITS;
/// How many owners there can have been.
pub(super) const MAX_OWNERS: i64 = 1 << (63 - DOCUMENT_BITS - POSITION_BITS);
/// How many passages a document can have; the others are left out.
pub(super) const MAX_PASSAGES: usize = 1 << POSITION_BITS;

/// The first and the last id that something has.
pub(super) type Range = (i64, i64);

pub(super) fn document(owner: i64, number: i64) -> i64 {
    (owner << DOCUMENT_BITS) | number
}

/// The documents of an owner.
pub(super) fn documents(owner: i64) -> Range {
    lower_bits(owner, DOCUMENT_BITS)
}

pub(super) fn passage(document: i64, position: u32) -> i64 {
    (document << POSITION_BITS) | i64::from(position)
}

/// The passages of a document.
pub(super) fn passages(document: i64) -> Range {
    lower_bits(document, POSITION_BITS)
}

/// The passages of an owner.
pub(super) fn passages_of_owner(owner: i64) -> Range {
    lower_bits(owner, DOCUMENT_BITS + POSITION_BITS)
}

pub(super) fn document_of(passage: i64) -> i64 {
    passage >> POSITION_BITS
}

pub(super) fn position_of(passage: i64) -> u32 {
    u32::try_from(passage & ((1 << POSITION_BITS) - 1)).unwrap_or_default()
}

pub(super) fn block_of(passage: i64) -> i64 {
    passage >> BLOCK_BITS
}

/// The document of a block.
pub(super) fn document_of_block(block: i64) -> i64 {
    block >> (POSITION_BITS - BLOCK_BITS)
}

/// The blocks of a document.
pub(super) fn blocks(document: i64) -> Range {
    lower_bits(document, POSITION_BITS - BLOCK_BITS)
}

/// The passages of a block.
pub(super) fn passages_of_block(block: i64) -> Range {
    lower_bits(block, BLOCK_BITS)
}

fn lower_bits(id: i64, bits: u32) -> Range {
    (id << bits, (id << bits) | ((1 << bits) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_ids_are_distinct_and_in_their_ranges() {
        let owner = MAX_OWNERS - 1;
        let document = document(owner, MAX_DOCUMENTS - 1);
        let last = u32::try_from(MAX_PASSAGES - 1).unwrap();
        let passage = passage(document, last);
        assert_eq!(passage, i64::MAX);
        assert_eq!((document_of(passage), position_of(passage)), (document, last));
        assert_eq!(documents(owner).1, document);
        assert_eq!((passages(document).1, passages_of_owner(owner).1), (passage, passage));
        let block = block_of(passage);
        assert_eq!((document_of_block(block), blocks(document).1), (document, block));
        assert_eq!(passages_of_block(block).1, passage);
        assert_eq!(passages_of_owner(1), (1 << 44, (2 << 44) - 1));
    }
}
