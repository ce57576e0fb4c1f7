//! The words and marks of further languages.

use super::languages::{C_LIKE, Language, Quote, SCRIPT};

pub(super) static MORE: &[Language] = &[
    Language {
        names: &["powershell", "ps1", "pwsh", "ps"],
        keywords: "begin break catch class continue data do dynamicparam else elseif end enum exit filter finally for foreach from \
            function if in param process return switch throw trap try until using while",
        block_comments: &[("<#", "#>")],
        quotes: &[Quote::long("\"", "\""), Quote::raw("'", "'")],
        variable_marks: "$",
        word_marks: "-",
        ignores_case: true,
        ..SCRIPT
    },
    Language {
        names: &["bat", "batch", "cmd", "dos"],
        keywords: "call cd copy del do echo else errorlevel exist exit for goto if in mkdir move not pause rd rem ren set setlocal \
            endlocal shift start type",
        line_comments: &["::", "REM ", "rem "],
        variable_marks: "%",
        has_capital_types: false,
        ignores_case: true,
        ..SCRIPT
    },
    Language {
        names: &["dockerfile", "docker", "containerfile"],
        keywords: "ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER \
            VOLUME WORKDIR",
        quotes: &[Quote::line("\""), Quote::line("'")],
        variable_marks: "$",
        word_marks: "-./",
        is_shell: true,
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &["makefile", "make", "mk", "just", "justfile"],
        keywords: "define else endef endif export ifdef ifeq ifndef ifneq include override unexport vpath",
        quotes: &[Quote::line("\""), Quote::line("'")],
        variable_marks: "$",
        word_marks: "-./",
        is_shell: true,
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &["lua", "luau"],
        keywords: "and break do else elseif end for function goto if in local not or repeat return then until while",
        line_comments: &["--"],
        block_comments: &[("--[[", "]]")],
        quotes: &[Quote::line("\""), Quote::line("'"), Quote::raw("[[", "]]")],
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &["perl", "pl", "raku"],
        keywords: "and bless default do die each else elsif eval exists for foreach given if last local my next no not or our \
            package print push redo require return say shift state sub undef unless until use wantarray when while",
        quotes: &[Quote::long("\"", "\""), Quote::long("'", "'")],
        variable_marks: "$@%",
        ..SCRIPT
    },
    Language {
        names: &["r", "rscript"],
        keywords: "break else for function if in library next repeat require return while",
        constants: "TRUE FALSE NULL NA NaN Inf",
        quotes: &[Quote::long("\"", "\""), Quote::long("'", "'")],
        word_marks: ".",
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &["julia", "jl"],
        keywords: "abstract baremodule begin break catch const continue do else elseif end export finally for function global if \
            import in let local macro module mutable primitive quote return struct try type using where while",
        constants: "true false nothing missing",
        block_comments: &[("#=", "=#")],
        quotes: &[Quote::long("\"\"\"", "\"\"\""), Quote::long("\"", "\"")],
        attribute_mark: true,
        ..SCRIPT
    },
    Language {
        names: &["elixir", "ex", "exs"],
        keywords: "after alias and case catch cond def defexception defguard defimpl defmacro defmodule defp defprotocol defstruct \
            do else end fn for if import in not or quote raise receive require rescue super try unless unquote use when with",
        quotes: &[Quote::long("\"\"\"", "\"\"\""), Quote::long("\"", "\""), Quote::long("'", "'")],
        variable_marks: "@:",
        word_marks: "?!",
        ..SCRIPT
    },
    Language {
        names: &["nim", "nix", "coffeescript", "coffee", "tcl", "awk", "cmake"],
        keywords: "and assert begin block break case const continue discard do elif else elseif end endforeach endfunction endif \
            endmacro extends finally for foreach func function getline if import in inherit is iterator let macro method \
            next of or out own print printf proc raise rec ref return set switch template then throw try type unless until using \
            var when while with yield",
        quotes: &[
            Quote::long("\"\"\"", "\"\"\""),
            Quote::raw("''", "''"),
            Quote::line("\""),
            Quote::line("'"),
        ],
        variable_marks: "$@",
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &["graphql", "gql", "terraform", "tf", "hcl", "puppet", "rego"],
        keywords: "data directive dynamic enum extend for fragment if import in input interface locals module mutation on output \
            package provider query resource scalar schema subscription terraform type union variable",
        types: "Boolean Float ID Int String any bool list map number object string",
        line_comments: &["#", "//"],
        block_comments: &[("/*", "*/")],
        quotes: &[Quote::long("\"\"\"", "\"\"\""), Quote::line("\"")],
        attribute_mark: true,
        variable_marks: "$",
        ..SCRIPT
    },
    Language {
        names: &[
            "scala",
            "sc",
            "sbt",
            "dart",
            "solidity",
            "sol",
            "zig",
            "d",
            "v",
            "odin",
            "haxe",
            "vala",
            "actionscript",
            "qml",
        ],
        keywords: "abstract as assert async await break case catch class comptime const continue contract covariant def default \
            defer do dynamic else emit enum errdefer event export extends extension external factory false final finally fn for \
            forSome function get given if implements implicit import in inline interface is late lazy library mapping match \
            memory mixin modifier new object of on operator orelse override package payable pragma private protected pub public \
            required rethrow return returns sealed set static storage struct super switch sync test this throw trait try type \
            typedef union using val var view virtual void while with yield",
        types: "address bool bytes double dynamic f32 f64 i8 i16 i32 i64 int num string u8 u16 u32 u64 uint uint256 usize",
        constants: "true false null undefined None Nil nil",
        quotes: &[
            Quote::raw("\"\"\"", "\"\"\""),
            Quote::raw("'''", "'''"),
            Quote::line("\""),
            Quote::line("'"),
        ],
        ..C_LIKE
    },
    Language {
        names: &["haskell", "hs", "elm", "purescript", "idris", "lean", "lean4", "agda"],
        keywords: "as by case class data def default deriving do else example exposing forall foreign hiding if import in \
            infix infixl infixr instance let module newtype of port qualified then theorem type where with",
        constants: "True False Nothing Just",
        line_comments: &["--"],
        block_comments: &[("{-", "-}"), ("/-", "-/")],
        nests_comments: true,
        quotes: &[Quote::line("\"")],
        attribute_mark: false,
        word_marks: "'",
        ..C_LIKE
    },
    Language {
        names: &["ocaml", "ml", "fsharp", "fs", "f#", "sml", "reason", "rescript"],
        keywords: "abstract and as assert async begin class do done downto else end exception external for fun function functor \
            if in include inherit lazy let match member method module mutable namespace new nonrec object of open or override \
            private rec sig struct task then to try type use val virtual when while with yield",
        line_comments: &["//"],
        block_comments: &[("(*", "*)")],
        nests_comments: true,
        quotes: &[Quote::long("\"\"\"", "\"\"\""), Quote::long("\"", "\"")],
        attribute_mark: false,
        word_marks: "'",
        ..C_LIKE
    },
    Language {
        names: &[
            "clojure",
            "clj",
            "cljs",
            "edn",
            "lisp",
            "commonlisp",
            "scheme",
            "scm",
            "racket",
            "elisp",
            "emacs-lisp",
        ],
        keywords: "and begin case catch cond def define defmacro defmethod defmulti defn defn- defprotocol defrecord defun defvar do \
            doseq dotimes finally fn for if if-let import lambda let let* letfn loop ns or progn quote recur require set! setq throw \
            try when when-let",
        constants: "true false nil t #t #f",
        line_comments: &[";"],
        block_comments: &[("#|", "|#")],
        quotes: &[Quote::long("\"", "\"")],
        attribute_mark: false,
        variable_marks: ":",
        word_marks: "-*!?<>=+/",
        has_capital_types: false,
        ..C_LIKE
    },
    Language {
        names: &["erlang", "erl", "matlab", "octave", "prolog", "latex", "tex", "bibtex"],
        keywords: "after and andalso begin break case catch classdef continue else elseif end endfunction for fun function global if \
            methods not of or orelse otherwise parfor properties receive return switch try when while",
        line_comments: &["%"],
        quotes: &[Quote::line("\"")],
        variable_marks: "\\",
        has_capital_types: false,
        ..SCRIPT
    },
    Language {
        names: &[
            "pascal", "delphi", "ada", "vhdl", "fortran", "f90", "vb", "vbnet", "vba", "basic", "cobol",
            "lazarus",
        ],
        keywords: "and architecture array as begin byref byval call case class component const constructor contains \
            destructor dim div do downto each else elseif elsif end endif entity exit finally for friend function generic if \
            implementation implicit import imports in inherited intent interface is loop mod module namespace new next none not \
            nothing of on or out package port print private procedure process program property protected public record repeat \
            return select set shared signal step string sub subroutine then to try type unit until uses use var variable when \
            wend while with write xor",
        types: "boolean byte char character double integer long longint natural positive real single std_logic std_logic_vector",
        constants: "true false nil nothing",
        line_comments: &["//", "--", "!"],
        block_comments: &[("{", "}"), ("(*", "*)")],
        quotes: &[Quote::line("'"), Quote::line("\"")],
        attribute_mark: false,
        has_capital_types: false,
        ignores_case: true,
        ..C_LIKE
    },
    Language {
        names: &[
            "glsl",
            "hlsl",
            "wgsl",
            "verilog",
            "systemverilog",
            "sv",
            "proto",
            "protobuf",
            "thrift",
            "nginx",
            "typst",
        ],
        keywords: "always always_comb always_ff assign attribute begin break case const continue default discard else end \
            endcase endmodule enum extend extensions flat fn for function generate if import in initial inout input layout let \
            location logic loop map message module negedge oneof option optional out output package parameter posedge public reg \
            repeated required reserved return returns rpc server service set show stream struct switch syntax uniform upstream var \
            varying wire while workgroup",
        types: "bool bytes double fixed32 fixed64 float float2 float3 float4 i32 f32 u32 int int32 int64 mat2 mat3 mat4 sampler2D \
            sint32 sint64 string uint32 uint64 vec2 vec3 vec4 vec2f vec3f vec4f void",
        line_comments: &["//", "#"],
        has_directives: true,
        variable_marks: "$",
        ..C_LIKE
    },
    Language {
        names: &["asm", "nasm", "assembly", "x86asm", "armasm", "s", "llvm"],
        keywords: "add and bl call cmp db dd define dec declare div dq dw global imul inc int ja jb je jg jge jl jle jmp jne jnz jz \
            ldr lea mov movzx mul neg nop not or pop push ret section segment shl shr store str sub syscall test xor br load icmp",
        types: "rax rbx rcx rdx rsi rdi rbp rsp eax ebx ecx edx esi edi ebp esp al ah bl cl dl r8 r9 r10 r11 r12 r13 r14 r15 i1 i8 \
            i16 i32 i64 ptr byte word dword qword",
        line_comments: &[";"],
        block_comments: &[],
        attribute_mark: false,
        variable_marks: "%@$",
        has_capital_types: false,
        ignores_case: true,
        ..C_LIKE
    },
];
