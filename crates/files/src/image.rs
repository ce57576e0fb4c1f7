//! Images in the form that vision models accept: PNG or JPEG, of a size that they can use.

use std::io::Cursor;
use std::sync::Mutex;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use super::Content;
use platform::sync::lock;

/// A larger image is scaled down to this side, in pixels; vision models scale down to less.
const MAX_SENT_SIDE: u32 = 2048;
/// Images of more pixels are not decoded: a file of a few bytes can claim any number.
const MAX_PIXELS: u64 = 64_000_000;
/// Images with a longer side are not decoded: scaling a narrow strip takes many times its memory.
const MAX_DECODED_SIDE: u32 = 65_535;
/// Bytes of a decoded image: 55 megapixels of a photo.
const MAX_DECODED: u64 = 160 << 20;
/// Bytes that a decoder may allocate, including its result.
const MAX_MEMORY: u64 = 2 * MAX_DECODED;
/// Held while an image is decoded: one at a time bounds the memory. It guards no data; decoding runs off the async
/// threads, so the wait blocks none of them.
static DECODING: Mutex<()> = Mutex::new(());
const JPEG_QUALITY: u8 = 90;

/// Checks an image. A large one, or one in a format that not every model server reads, is encoded again.
pub(super) fn prepare(bytes: Vec<u8>, format: ImageFormat) -> Result<Content, String> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    let reader = || {
        let mut reader = ImageReader::with_format(Cursor::new(bytes.as_slice()), format);
        reader.limits(limits.clone());
        reader
    };
    // Held for the header too: metadata can unpack to much more than the image.
    let _one = lock(&DECODING);
    let broken =
        |error: image::ImageError| format!("is a broken image, or one too large to be decoded: {error}");
    let (width, height) = reader().into_dimensions().map_err(broken)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!("is an image of {width} x {height} pixels; at most {MAX_PIXELS} are read"));
    }
    if width.max(height) > MAX_DECODED_SIDE {
        return Err(format!(
            "is an image of {width} x {height} pixels; at most {MAX_DECODED_SIDE} a side are read"
        ));
    }
    let is_small = width <= MAX_SENT_SIDE && height <= MAX_SENT_SIDE;
    let media_type = if format == ImageFormat::Jpeg { "image/jpeg" } else { "image/png" };
    if is_small && matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        return Ok(Content::Image { bytes, media_type });
    }
    let mut decoder = reader().into_decoder().map_err(broken)?;
    let size = decoder.total_bytes();
    if size > MAX_DECODED {
        return Err(format!(
            "is an image of {width} x {height} pixels, which takes {size} bytes decoded; at most {MAX_DECODED} are read: scale it down"
        ));
    }
    let orientation = decoder.orientation().map_err(broken)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    if !is_small {
        // Averages the pixels as they are; `resize` converts them to floats first, five times the memory.
        image = image.thumbnail(MAX_SENT_SIDE, MAX_SENT_SIDE);
    }
    image.apply_orientation(orientation);
    let mut out = Cursor::new(Vec::new());
    if format == ImageFormat::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY);
        DynamicImage::ImageRgb8(image.into_rgb8()).write_with_encoder(encoder).map_err(broken)?;
    } else {
        image.write_to(&mut out, ImageFormat::Png).map_err(broken)?;
    }
    Ok(Content::Image { bytes: out.into_inner(), media_type })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn prepared(bytes: Vec<u8>, format: ImageFormat) -> (ImageFormat, u32, u32, &'static str) {
        let Ok(Content::Image { bytes, media_type }) = prepare(bytes, format) else { panic!("no image") };
        let format = image::guess_format(&bytes).unwrap();
        let image = image::load_from_memory(&bytes).unwrap();
        (format, image.width(), image.height(), media_type)
    }

    #[test]
    fn small_png_and_jpeg_stay_and_others_are_encoded_again() {
        let png = made(3, 2, ImageFormat::Png);
        assert_eq!(
            prepare(png.clone(), ImageFormat::Png),
            Ok(Content::Image { bytes: png, media_type: "image/png" })
        );
        for format in [ImageFormat::Gif, ImageFormat::WebP] {
            assert_eq!(prepared(made(3, 2, format), format), (ImageFormat::Png, 3, 2, "image/png"));
        }
        for (format, media_type) in [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png")] {
            assert_eq!(prepared(made(4096, 16, format), format), (format, 2048, 8, media_type));
        }
    }

    #[test]
    fn narrow_strip_is_refused_before_it_is_scaled() {
        let Err(error) = prepare(made(70_000, 1, ImageFormat::Png), ImageFormat::Png) else { panic!("read") };
        assert_eq!(error, "is an image of 70000 x 1 pixels; at most 65535 a side are read");
    }

    #[test]
    fn decompression_bomb_is_refused_before_it_is_decoded() {
        // A PNG that says it has 60000 x 60000 pixels: the header's numbers replaced, its checksum made anew.
        let mut bomb = made(1, 1, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = prepare(bomb, ImageFormat::Png).unwrap_err();
        assert!(error.contains("60000 x 60000 pixels"), "{error}");
        let broken = made(3000, 3, ImageFormat::Png)[..60].to_vec();
        assert!(prepare(broken, ImageFormat::Png).unwrap_err().starts_with("is a broken image"));
    }

    #[test]
    fn image_is_refused_by_its_decoded_size_before_it_is_decoded() {
        // 36 megapixels are not too many, but eight bytes each are.
        let mut deep = made(1, 1, ImageFormat::Png);
        deep[16..26].copy_from_slice(&[0, 0, 0x17, 0x70, 0, 0, 0x17, 0x70, 16, 6]);
        let crc = crc(&deep[12..29]);
        deep[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = prepare(deep, ImageFormat::Png).unwrap_err();
        assert!(error.contains("6000 x 6000 pixels, which takes 288000000 bytes decoded"), "{error}");
    }

    /// Bytes by a generator of our own, the same on every run.
    fn noise() -> impl FnMut() -> usize {
        let mut seed = 1_u32;
        move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize
        }
    }

    #[test]
    fn three_hundred_mutated_images_are_read_or_refused() {
        let mut noise = noise();
        let pictures = [
            (made(40, 30, ImageFormat::Gif), ImageFormat::Gif),
            (made(40, 30, ImageFormat::WebP), ImageFormat::WebP),
            // Wide, so that they are decoded as well.
            (made(2100, 3, ImageFormat::Png), ImageFormat::Png),
            (made(2100, 3, ImageFormat::Jpeg), ImageFormat::Jpeg),
        ];
        let mut refused = 0;
        for number in 0..300 {
            let (bytes, format) = &pictures[number % pictures.len()];
            let mut bytes = bytes.clone();
            for _ in 0..1 + noise() % 8 {
                let place = noise() % bytes.len();
                bytes[place] = noise() as u8;
            }
            if number % 3 == 0 {
                bytes.truncate(noise() % bytes.len());
            }
            refused += usize::from(prepare(bytes, *format).is_err());
        }
        assert!((50..300).contains(&refused), "{refused}");
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(
                crc ^ u32::from(*byte),
                |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
            )
        })
    }
}
