//! The greatest fractional packing of a list of sets, exactly.
//!
//! Maximise the sum of weights `y` of the sets such that for each item the weights of the sets
//! that hold it sum to at most its cost. The simplex method on a condensed tableau of integers:
//! every entry is over one common denominator, the determinant of the basis, so that no
//! fraction and no rounding arises (Edmonds; Bareiss). Every intermediate basis is a feasible
//! packing: work may end at any pivot, and does when a number outgrows 64 bits.

/// Weights of the sets and prices of the items, both over one denominator.
#[derive(Clone, Debug)]
pub(crate) struct Fractional {
    pub(crate) denominator: u64,
    /// For each set.
    pub(crate) weights: Vec<u64>,
    /// For each item; they prove the packing greatest if `greatest`.
    pub(crate) prices: Vec<u64>,
    pub(crate) greatest: bool,
}

impl Fractional {
    /// The sum of the weights, rounded up.
    pub(crate) fn bound(&self) -> u64 {
        let sum: u128 = self.weights.iter().map(|&weight| u128::from(weight)).sum();
        u64::try_from(sum.div_ceil(u128::from(self.denominator))).unwrap_or(0)
    }
}

/// Cells that a tableau may have.
const CELLS: usize = 2_000_000;

/// Solves; `None` if the tableau would be too large. `sets` list items below `costs.len()`.
pub(crate) fn solve(
    sets: &[&[u32]],
    costs: &[u64],
    pivots: usize,
    stop: &mut dyn FnMut() -> bool,
) -> Option<Fractional> {
    let (rows, columns) = (costs.len(), sets.len());
    if (rows + 1).saturating_mul(columns + 1) > CELLS {
        return None;
    }
    let width = columns + 1;
    let mut table = vec![0i64; (rows + 1) * width];
    for (column, set) in sets.iter().enumerate() {
        for &item in *set {
            table[item as usize * width + column] = 1;
        }
        table[rows * width + column] = -1;
    }
    for (row, &cost) in costs.iter().enumerate() {
        table[row * width + columns] = i64::try_from(cost).ok()?;
    }
    // Variables: sets first, then one slack for each item.
    let mut basic: Vec<usize> = (columns..columns + rows).collect();
    let mut free: Vec<usize> = (0..columns).collect();
    let mut denominator = 1i64;
    let mut greatest = false;
    let mut stuck = 0;
    for _ in 0..pivots {
        let objective = &table[rows * width..];
        // The steepest column; after many pivots without gain the first, which cannot cycle.
        let candidates = (0..columns).filter(|&column| objective[column] < 0);
        let column = match stuck > 2 * rows {
            false => candidates.min_by_key(|&column| (objective[column], free[column])),
            true => candidates.min_by_key(|&column| free[column]),
        };
        let Some(column) = column else {
            greatest = true;
            break;
        };
        let mut best: Option<usize> = None;
        for row in (0..rows).filter(|&row| table[row * width + column] > 0) {
            let ratio = |row: usize, other: usize| {
                i128::from(table[row * width + columns]) * i128::from(table[other * width + column])
            };
            best = match best {
                None => Some(row),
                Some(known) => {
                    let order = ratio(row, known).cmp(&ratio(known, row));
                    let first = order.then(basic[row].cmp(&basic[known])).is_lt();
                    Some(if first { row } else { known })
                }
            };
        }
        // Each set has an item, whose row bounds it.
        let Some(row) = best else { break };
        stuck = if table[row * width + columns] == 0 { stuck + 1 } else { 0 };
        if stop() {
            break;
        }
        let Some(changed) = pivot(&table, width, row, column, denominator) else { break };
        denominator = table[row * width + column];
        table = changed;
        std::mem::swap(&mut basic[row], &mut free[column]);
    }
    let positive = |value: i64| u64::try_from(value).unwrap_or(0);
    let mut weights = vec![0; columns];
    for (row, &variable) in basic.iter().enumerate().filter(|(_, variable)| **variable < columns) {
        weights[variable] = positive(table[row * width + columns]);
    }
    let mut prices = vec![0; rows];
    for (column, &variable) in free.iter().enumerate().filter(|(_, v)| **v >= columns) {
        prices[variable - columns] = positive(table[rows * width + column]);
    }
    Some(Fractional { denominator: positive(denominator), weights, prices, greatest })
}

/// The tableau after a pivot, over the pivot as the new denominator.
fn pivot(
    table: &[i64],
    width: usize,
    row: usize,
    column: usize,
    denominator: i64,
) -> Option<Vec<i64>> {
    let by = table[row * width + column];
    let pivot_row = &table[row * width..(row + 1) * width];
    let mut changed = Vec::with_capacity(table.len());
    for (at, line) in table.chunks_exact(width).enumerate() {
        let own = line[column];
        if at == row {
            changed.extend_from_slice(line);
            changed[at * width + column] = denominator;
            continue;
        }
        if own == 0 && by == denominator {
            changed.extend_from_slice(line);
            continue;
        }
        for (&value, &above) in line.iter().zip(pivot_row) {
            let product = i128::from(value) * i128::from(by) - i128::from(own) * i128::from(above);
            let value = match denominator {
                1 => product,
                // Exact: entries are minors of the first tableau.
                other => product / i128::from(other),
            };
            changed.push(i64::try_from(value).ok()?);
        }
        changed[at * width + column] = own.checked_neg()?;
    }
    Some(changed)
}
