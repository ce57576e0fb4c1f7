//! Values of columns and parameters, as PostgreSQL sends and takes them.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::database::Value;

type Converted<T> = Result<T, Box<dyn Error + Sync + Send>>;

impl Value {
    /// The type that a parameter is declared with. The server infers that of an absent value.
    pub(super) fn sql_type(&self) -> Type {
        match self {
            Self::Null => Type::UNKNOWN,
            Self::Int(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Converted<IsNull> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            // PostgreSQL stores every character but this one, which a model can generate: the turn must not be lost.
            Self::Text(value) if value.contains('\0') => value.replace('\0', "\u{fffd}").to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Converted<Self> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(ty, raw)?.into()),
            // `EXISTS`, a comparison.
            Type::BOOL => Self::Int(bool::from_sql(ty, raw)?.into()),
            // A sum of integers.
            Type::NUMERIC => Self::Int(whole(raw).ok_or("not an integer of 64 bits")?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::VOID => Self::Null,
            _ => Self::Text(std::str::from_utf8(raw)?.to_owned()),
        })
    }

    fn from_sql_null(_ty: &Type) -> Converted<Self> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(
            *ty,
            Type::INT8
                | Type::INT4
                | Type::INT2
                | Type::BOOL
                | Type::NUMERIC
                | Type::BYTEA
                | Type::VOID
                | Type::TEXT
                | Type::VARCHAR
                | Type::NAME
                | Type::UNKNOWN
        )
    }
}

/// A number with digits to the base 10,000: their count, the weight of the first, the sign, the scale, the digits.
fn whole(raw: &[u8]) -> Option<i64> {
    let mut words = raw.chunks_exact(2).map(|word| match word {
        [high, low] => i16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let (digits, weight, sign, _scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut value = 0_i64;
    let mut power = i32::from(weight);
    for digit in words.take(usize::try_from(digits).ok()?) {
        // A fraction.
        (power >= 0).then_some(())?;
        value = value.checked_mul(10_000)?.checked_add(digit.into())?;
        power -= 1;
    }
    while power >= 0 {
        value = value.checked_mul(10_000)?;
        power -= 1;
    }
    match sign {
        0 => Some(value),
        0x4000 => value.checked_neg(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_integers() {
        let number = |words: &[i16]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            whole(&bytes)
        };
        assert_eq!(number(&[0, 0, 0, 0]), Some(0));
        assert_eq!(number(&[2, 1, 0, 0, 12, 3456]), Some(123_456));
        assert_eq!(number(&[1, 2, 0x4000, 0, 5]), Some(-500_000_000));
        assert_eq!(number(&[1, -1, 0, 4, 5000]), None, "a half");
        assert_eq!(number(&[0, 0, -0x4000, 0]), None, "not a number");
        assert_eq!(number(&[1, 9, 0, 0, 1]), None, "too large");
    }
}
