# SPDX-License-Identifier: MIT
"""Results as ratios beside their aims."""


class Table:
    def __init__(self):
        self.rows = []

    def ratio(self, what, ours, theirs, unit, aim=None, at_most=False):
        """ours against theirs; aim is the ratio to reach, or with at_most not to pass."""
        value = ours / theirs
        self._add(what, f"{ours:.1f} : {theirs:.1f} {unit}", f"{value:.2f}", value, aim, at_most)

    def figure(self, what, value, unit, aim=None, at_most=True):
        self._add(what, f"{value:.1f} {unit}", "", value, aim, at_most)

    def _add(self, what, figures, ratio, value, aim, at_most):
        if aim is None:
            verdict = ""
        elif value <= aim if at_most else value >= aim:
            verdict = f"aim {'<=' if at_most else '>='} {aim}: met"
        else:
            verdict = f"aim {'<=' if at_most else '>='} {aim}: MISSED"
        self.rows.append((what, figures, ratio, verdict))
        print("  ".join(self.rows[-1]), flush=True)

    def print(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(4)]
        print("-" * (sum(widths) + 6))
        for row in self.rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
