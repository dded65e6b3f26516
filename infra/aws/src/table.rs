//! The table and its key as the other resources name them: those of the stack, or those that were there before it (after a restore).

/// The table's name.
pub(crate) const NAME: &str = "!If [OwnTable, !Ref Table, !Ref ExistingTable]";

/// The table's ARN.
pub(crate) const ARN: &str = "!If [OwnTable, !GetAtt Table.Arn, !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTable}']";

/// The ARN of the index of due work.
pub(crate) const INDEX_ARN: &str = "!If [OwnTable, !Sub '${Table.Arn}/index/due', !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTable}/index/due']";

/// The ARN of the stream that is read.
pub(crate) const STREAM_ARN: &str = "!If [OwnTable, !GetAtt Table.StreamArn, !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTable}/stream/${ExistingTableStream}']";

/// The streams that the table has or had: Lambda also asks which there are.
pub(crate) const STREAM_ARNS: &str = "!If [OwnTable, !Sub '${Table.Arn}/stream/*', !Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTable}/stream/*']";

/// The ARN of the key that encrypts the table.
pub(crate) const KEY_ARN: &str = "!If [OwnTableKey, !GetAtt TableKey.Arn, !Ref ExistingTableKeyArn]";
