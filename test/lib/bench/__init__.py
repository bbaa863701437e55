# SPDX-License-Identifier: MIT
"""The measurements of test/bench/run, one module each, with a function measure(bench)."""
