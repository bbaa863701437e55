#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# One From body a line in base64; out comes what Email::Address::XS reads, in hexadecimal, joined by blanks.
use strict;
use warnings;
use MIME::Base64;
use Email::Address::XS qw(parse_email_addresses);

while (my $line = <STDIN>) {
	my $body = decode_base64($line);
	my @found = map { $_->address } grep { $_->is_valid } parse_email_addresses($body);
	print join(' ', map { unpack('H*', $_) } @found), "\n";
}
