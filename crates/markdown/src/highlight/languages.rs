//! The words and marks of the languages that models write most; the others are in `more_languages.rs`.

use super::more_languages::MORE;

/// What scanners know of a language.
pub(super) struct Language {
    /// As models write them after a fence, in lower case.
    pub names: &'static [&'static str],
    pub keywords: &'static str,
    pub types: &'static str,
    pub constants: &'static str,
    pub line_comments: &'static [&'static str],
    pub block_comments: &'static [(&'static str, &'static str)],
    pub nests_comments: bool,
    pub quotes: &'static [Quote],
    /// A single quote begins a character or a lifetime, and `#[` an attribute.
    pub has_lifetimes: bool,
    /// `#include` and the like.
    pub has_directives: bool,
    /// `@name` is an attribute.
    pub attribute_mark: bool,
    /// Characters that begin variables (`$`, `@`, `%`), symbols (`:`) and commands (`\`).
    pub variable_marks: &'static str,
    /// Characters of words beside letters and digits.
    pub word_marks: &'static str,
    pub is_shell: bool,
    /// `f"..."`.
    pub has_string_marks: bool,
    /// `name!(...)`.
    pub has_macros: bool,
    /// `/a"b/`: a slash where no value can be divided begins a pattern.
    pub has_patterns: bool,
    pub has_capital_types: bool,
    pub ignores_case: bool,
}

pub(super) struct Quote {
    pub open: &'static str,
    pub close: &'static str,
    /// A backslash escapes the closing mark.
    pub escapes: bool,
    /// It can be longer than a line.
    pub is_long: bool,
}

impl Quote {
    pub(super) const fn line(mark: &'static str) -> Self {
        Self { open: mark, close: mark, escapes: true, is_long: false }
    }

    pub(super) const fn long(open: &'static str, close: &'static str) -> Self {
        Self { open, close, escapes: true, is_long: true }
    }

    pub(super) const fn raw(open: &'static str, close: &'static str) -> Self {
        Self { open, close, escapes: false, is_long: true }
    }
}

/// What most languages have that look like C.
pub(super) const C_LIKE: Language = Language {
    names: &[],
    keywords: "",
    types: "",
    constants: "true false null",
    line_comments: &["//"],
    block_comments: &[("/*", "*/")],
    nests_comments: false,
    quotes: &[Quote::line("\""), Quote::line("'")],
    has_lifetimes: false,
    has_directives: false,
    attribute_mark: true,
    variable_marks: "",
    word_marks: "",
    is_shell: false,
    has_string_marks: false,
    has_macros: false,
    has_patterns: false,
    has_capital_types: true,
    ignores_case: false,
};

/// What most languages have whose comments begin with `#`.
pub(super) const SCRIPT: Language = Language {
    line_comments: &["#"],
    block_comments: &[],
    constants: "true false nil",
    attribute_mark: false,
    ..C_LIKE
};

/// The language of a name.
pub(super) fn find(name: &str) -> Option<&'static Language> {
    all().find(|language| language.names.contains(&name))
}

pub(super) fn all() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.iter().chain(MORE)
}

const SCRIPT_KEYWORDS: &str = "abstract as asserts async await break case catch class const continue debugger declare default \
    delete do else enum export extends finally for from function get if implements import in infer instanceof interface is \
    keyof let namespace new of override package private protected public readonly return satisfies set static super switch \
    this throw try type typeof var void while with yield";

static LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut \
            pub ref return self static struct super trait type union unsafe use where while yield macro_rules",
        types: "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Self",
        constants: "true false None Some Ok Err",
        nests_comments: true,
        quotes: &[
            Quote::raw("r#\"", "\"#"),
            Quote::raw("r\"", "\""),
            Quote::long("b\"", "\""),
            Quote::long("\"", "\""),
            Quote::line("'"),
        ],
        has_lifetimes: true,
        attribute_mark: false,
        has_macros: true,
        ..C_LIKE
    },
    Language {
        names: &["python", "py", "python3", "pycon", "ipython", "gdscript", "starlark", "bzl"],
        keywords: "and as assert async await break case class continue def del elif else except finally for from global if \
            import in is lambda match nonlocal not or pass raise return try while with yield",
        types: "bool bytes dict float frozenset int list object set str tuple type complex",
        constants: "True False None NotImplemented Ellipsis self cls",
        quotes: &[
            Quote::long("\"\"\"", "\"\"\""),
            Quote::long("'''", "'''"),
            Quote::line("\""),
            Quote::line("'"),
        ],
        attribute_mark: true,
        has_string_marks: true,
        ..SCRIPT
    },
    Language {
        names: &["javascript", "js", "jsx", "mjs", "cjs", "node", "typescript", "ts", "tsx", "mts", "cts"],
        keywords: SCRIPT_KEYWORDS,
        types: "any bigint boolean never number object string symbol unknown",
        constants: "true false null undefined NaN Infinity",
        quotes: &[Quote::line("\""), Quote::line("'"), Quote::long("`", "`")],
        word_marks: "$",
        has_patterns: true,
        ..C_LIKE
    },
    Language {
        names: &["go", "golang"],
        keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map \
            package range return select struct switch type var",
        types: "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint \
            uint8 uint16 uint32 uint64 uintptr",
        constants: "true false nil iota",
        quotes: &[Quote::line("\""), Quote::line("'"), Quote::raw("`", "`")],
        has_capital_types: false,
        ..C_LIKE
    },
    Language {
        names: &[
            "c",
            "h",
            "cpp",
            "c++",
            "cc",
            "cxx",
            "hpp",
            "objc",
            "objective-c",
            "objectivec",
            "arduino",
            "ino",
            "cuda",
            "cu",
        ],
        keywords: "alignas alignof asm auto break case catch class co_await co_return co_yield concept const consteval constexpr \
            constinit const_cast continue decltype default delete do dynamic_cast else enum explicit export extern final for friend \
            goto if inline mutable namespace new noexcept operator override private protected public register \
            reinterpret_cast requires restrict return sizeof static static_assert static_cast struct switch template this throw try \
            typedef typeid typename union using virtual volatile while __global__ __device__",
        types: "bool char char8_t char16_t char32_t double float int int8_t int16_t int32_t int64_t long ptrdiff_t short signed size_t \
            ssize_t uint8_t uint16_t uint32_t uint64_t unsigned void wchar_t string vector map",
        constants: "true false NULL nullptr nil YES NO",
        has_directives: true,
        ..C_LIKE
    },
    Language {
        names: &["java", "groovy", "gradle"],
        keywords: "abstract assert break case catch class const continue def default do else enum exports extends final finally \
            for goto if implements import in instanceof interface module native new non-sealed package permits private protected \
            public record requires return sealed static strictfp super switch synchronized this throw throws transient try var \
            volatile when while yield",
        types: "boolean byte char double float int long short void",
        quotes: &[Quote::long("\"\"\"", "\"\"\""), Quote::line("\""), Quote::line("'")],
        ..C_LIKE
    },
    Language {
        names: &["csharp", "cs", "c#", "razor"],
        keywords: "abstract as async await base break case catch checked class const continue default delegate do else enum \
            event explicit extern finally fixed for foreach get global goto if implicit in init interface internal is lock \
            namespace new operator out override params partial private protected public readonly record ref required return \
            sealed set sizeof stackalloc static struct switch this throw try typeof unchecked unsafe using var virtual volatile \
            when where while with yield",
        types: "bool byte char decimal double dynamic float int long nint nuint object sbyte short string uint ulong ushort void",
        quotes: &[
            Quote::raw("\"\"\"", "\"\"\""),
            Quote::raw("@\"", "\""),
            Quote::line("$\""),
            Quote::line("\""),
            Quote::line("'"),
        ],
        has_directives: true,
        ..C_LIKE
    },
    Language {
        names: &[
            "bash",
            "sh",
            "shell",
            "zsh",
            "console",
            "shell-session",
            "shellsession",
            "terminal",
            "fish",
            "ksh",
        ],
        keywords: "alias case do done elif else esac eval exec export fi for function if in local readonly return select set shift \
            source sudo then time trap unset until while",
        quotes: &[Quote::long("\"", "\""), Quote::raw("'", "'")],
        variable_marks: "$",
        word_marks: "-./~+",
        constants: "true false",
        is_shell: true,
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &[
            "sql",
            "mysql",
            "postgresql",
            "postgres",
            "pgsql",
            "plpgsql",
            "sqlite",
            "tsql",
            "plsql",
            "psql",
        ],
        keywords: "add after all alter analyze and any as asc begin between by cascade case check column commit conflict \
            constraint create cross current_date current_timestamp database declare default delete desc distinct do drop each else \
            elsif end except execute exists explain fetch filter first for foreign from full function grant group having if ilike in \
            index inner insert intersect into is join key language last lateral left like limit loop materialized not nulls of \
            offset on or order outer over partition pragma primary procedure recursive references replace returning returns revoke \
            right rollback row rows schema select set table temporary then to transaction trigger truncate union unique \
            update using vacuum values view when where while window with",
        types: "bigint binary bit blob bool boolean bytea char character date datetime decimal double float int integer interval \
            json jsonb numeric precision real serial bigserial smallint text time timestamp timestamptz tinyint uuid varchar",
        constants: "true false null",
        line_comments: &["--"],
        quotes: &[Quote::raw("'", "'"), Quote::raw("\"", "\""), Quote::raw("`", "`")],
        attribute_mark: false,
        variable_marks: "@$",
        has_capital_types: false,
        ignores_case: true,
        ..C_LIKE
    },
    Language {
        names: &["php"],
        keywords: "abstract and array as break callable case catch class clone const continue declare default do echo else elseif \
            empty enum extends final finally fn for foreach function global goto if implements include include_once instanceof \
            insteadof interface isset list match namespace new or print private protected public readonly require require_once \
            return static switch throw trait try unset use var while xor yield",
        types: "bool float int iterable mixed never object self string void",
        constants: "true false null TRUE FALSE NULL",
        line_comments: &["//", "#"],
        variable_marks: "$",
        attribute_mark: false,
        ..C_LIKE
    },
    Language {
        names: &["ruby", "rb", "rails", "erb", "crystal"],
        keywords: "alias and begin break case class def defined? do else elsif end ensure extend for if in include loop module next not \
            or private protected public raise redo require require_relative rescue retry return self super then undef unless \
            until when while yield attr_accessor attr_reader attr_writer",
        quotes: &[Quote::long("\"", "\""), Quote::long("'", "'"), Quote::long("`", "`")],
        variable_marks: "@$:",
        word_marks: "?!",
        has_patterns: true,
        ..SCRIPT
    },
    Language {
        names: &["kotlin", "kt", "kts"],
        keywords: "abstract actual annotation as break by catch class companion const constructor continue crossinline data do else \
            enum expect external final finally for fun get if import in infix init inline inner interface internal is it lateinit \
            noinline object open operator out override package private protected public reified return sealed set super suspend \
            tailrec this throw try typealias val var vararg when where while",
        nests_comments: true,
        quotes: &[Quote::raw("\"\"\"", "\"\"\""), Quote::line("\""), Quote::line("'")],
        ..C_LIKE
    },
    Language {
        names: &["swift"],
        keywords: "actor any as associatedtype async await break case catch class continue convenience default defer deinit didSet \
            do else enum extension fallthrough fileprivate final for func get guard if import in indirect init inout internal is \
            lazy let mutating nonisolated open operator override precedencegroup private protocol public repeat required rethrows \
            return self set some static struct subscript super switch throw throws try typealias unowned var weak where while \
            willSet",
        constants: "true false nil",
        nests_comments: true,
        quotes: &[Quote::long("\"\"\"", "\"\"\""), Quote::line("\"")],
        types: "Self",
        ..C_LIKE
    },
];
