#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# RFC 8264, 8, for every code point, from Perl's own copy of the Unicode data: "first last class" in
# hex for each run, under a line with the Unicode version. What test_precis_class.c compares with;
# so properties are taken by their names here, and nothing is shared with it but the RFC.
use v5.36; # signatures, say, strict, warnings
use Unicode::Normalize qw(NFKC);
use Unicode::UCD;

my %exception;
$exception{$_} = 'VALID' for 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007;
$exception{$_} = 'CONTEXT' for 0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB, 0x660 .. 0x669, 0x6F0 .. 0x6F9;
$exception{$_} = 'DISALLOWED' for 0x640, 0x7FA, 0x302E, 0x302F, 0x3031 .. 0x3035, 0x303B;

sub class ($code) {
    return $exception{$code} if $exception{$code};
    # No string in UTF-8 has a surrogate; NFKC would warn of it.
    return 'DISALLOWED' if $code >= 0xD800 && $code <= 0xDFFF;
    my $char = chr $code;
    return 'UNASSIGNED' if $char =~ /(?!\p{Noncharacter_Code_Point})\p{Cn}/;
    return 'VALID' if $char =~ /[\x21-\x7E]/;
    return 'CONTEXT' if $char =~ /\p{Join_Control}/;
    return 'DISALLOWED' if $char =~ /[\p{Hangul_Syllable_Type=L}\p{Hangul_Syllable_Type=V}\p{Hangul_Syllable_Type=T}]/;
    return 'DISALLOWED' if $char =~ /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Cc}]/;
    return 'FREEFORM' if NFKC($char) ne $char;
    return 'VALID' if $char =~ /[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/;
    return 'FREEFORM' if $char =~ /[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]/;
    return 'DISALLOWED';
}

no warnings 'nonchar';
say Unicode::UCD::UnicodeVersion();
my ($first, $run) = (0, class(0));
for my $code (1 .. 0x110000) {
    my $class = $code > 0x10FFFF ? '' : class($code);
    next if $class eq $run;
    printf "%x %x %s\n", $first, $code - 1, $run;
    ($first, $run) = ($code, $class);
}
