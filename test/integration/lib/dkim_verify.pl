#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# dkim_verify.pl RECORDS <MESSAGE: the result of Mail::DKIM for each signature, one a line.
# RECORDS is a file of TXT lines in zone-file form; no name server is asked.
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Net::DNS::RR;

my $zone = do { local (@ARGV, $/) = (shift // die "usage: $0 RECORDS <MESSAGE\n"); <> };
$zone =~ s/;;.*$//mg;
my %records;
while ($zone =~ /^(\S+\s+[^(\n]*(?:\([^)]*\)|[^\n]*))/mg) {
	my $record = Net::DNS::RR->new($1);
	push @{ $records{ lc $record->owner } }, $record;
}

no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
	my ($name, $type) = @_;
	return $type eq 'TXT' ? @{ $records{ lc $name } // [] } : ();
};

my $verifier = Mail::DKIM::Verifier->new;
binmode STDIN;
$verifier->PRINT(do { local $/; <STDIN> });
$verifier->CLOSE;
print $_->result_detail, "\n" for $verifier->signatures;
