#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# One From body a line in base64; out comes what Mail::Address reads, in hexadecimal, joined by blanks.
use strict;
use warnings;
use MIME::Base64;
use Mail::Address;

while (my $line = <STDIN>) {
	my $body = decode_base64($line);
	my @found = grep { defined && $_ ne '' } map { $_->address } Mail::Address->parse($body);
	print join(' ', map { unpack('H*', $_) } @found), "\n";
}
